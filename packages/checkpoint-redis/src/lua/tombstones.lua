-- Remembers removed checkpoints for a day: names and the calls that wrote them in turn. Drops older ones beyond the limit.
local function remember(names_and_calls)
  if redis.call('HLEN', TOMBSTONE) + #names_and_calls / 2 > MOST_REMEMBERED then redis.call('UNLINK', TOMBSTONE) end
  redis.call('HSET', TOMBSTONE, unpack(names_and_calls))
  redis.call('PEXPIRE', TOMBSTONE, REMEMBERED_FOR_MS)
end

-- Deletes the thread. Remembers its newest checkpoints, because a run in progress builds on one of them, and others whose ids are given.
local function delete_thread(others)
  local gone = {}
  for _, member in ipairs(redis.call('ZREVRANGE', ORDER, 0, MOST_REMEMBERED - 1)) do
    local row = redis.call('HGET', CHECKPOINTS, member)
    gone[#gone + 1] = id_of(member)
    gone[#gone + 1] = row and part_of(row, CALLS) or ''
  end
  -- Frees memory first: a full server refuses a script's earlier writes, and no later ones.
  redis.call('UNLINK', THREAD, CHECKPOINTS, ORDER, SEGMENTS, WRITES)
  -- A run may also build on a pruned checkpoint.
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

-- Remembers pruned checkpoints, in place of earlier ones: members and calls in turn.
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
