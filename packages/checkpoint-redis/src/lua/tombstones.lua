-- Remembers so many checkpoints that are gone, for a day: names and the calls that wrote them in turn. What was remembered before goes where it is too much.
local function remember(names_and_calls)
  if redis.call('HLEN', TOMBSTONE) + #names_and_calls / 2 > MOST_REMEMBERED then redis.call('UNLINK', TOMBSTONE) end
  redis.call('HSET', TOMBSTONE, unpack(names_and_calls))
  redis.call('PEXPIRE', TOMBSTONE, REMEMBERED_FOR_MS)
end

-- Deletes the thread with all that is in it. The newest checkpoints are remembered: a run that is still going on builds on one of them. So are
-- others, whose ids are given.
local function delete_thread(others)
  local gone = {}
  for _, member in ipairs(redis.call('ZREVRANGE', ORDER, 0, MOST_REMEMBERED - 1)) do
    local row = redis.call('HGET', CHECKPOINTS, member)
    gone[#gone + 1] = id_of(member)
    gone[#gone + 1] = row and part_of(row, CALLS) or ''
  end
  -- First what frees memory: before that, a server that is full refuses a script's writes, and after it none.
  redis.call('UNLINK', THREAD, CHECKPOINTS, ORDER, SEGMENTS, WRITES)
  -- A run may also build on one that was pruned.
  local marks = redis.call('HGETALL', TOMBSTONE)
  for i = 1, #marks, 2 do
    if string.sub(marks[i], 1, #PRUNED) == PRUNED then
      redis.call('HDEL', TOMBSTONE, marks[i])
      gone[#gone + 1] = id_of(string.sub(marks[i], #PRUNED + 1))
      gone[#gone + 1] = marks[i + 1]
    end
  end
  for _, id in ipairs(others or {}) do
    gone[#gone + 1] = id
    gone[#gone + 1] = ''
  end
  if #gone > 0 then remember(gone) end
end

-- Remembers checkpoints that are taken out of the thread, in the place of those that were before: members and calls in turn.
local function remember_pruned(removed)
  if redis.call('HLEN', TOMBSTONE) + #removed / 2 > MOST_REMEMBERED then
    for _, mark in ipairs(redis.call('HKEYS', TOMBSTONE)) do
      if string.sub(mark, 1, #PRUNED) == PRUNED then redis.call('HDEL', TOMBSTONE, mark) end
    end
  end
  local marks = {}
  for i = math.max(1, #removed - 2 * MOST_REMEMBERED + 1), #removed, 2 do
    marks[#marks + 1] = PRUNED .. removed[i]
    marks[#marks + 1] = removed[i + 1]
  end
  redis.call('HSET', TOMBSTONE, unpack(marks))
  redis.call('PEXPIRE', TOMBSTONE, REMEMBERED_FOR_MS)
end
