-- Deletes the thread with all that is in it. The newest checkpoints are remembered for a day: a run that is still going on builds on one of them.
local function delete_thread()
  local newest = redis.call('ZREVRANGE', ORDER, 0, MOST_REMEMBERED - 1)
  -- First what frees memory: before that, a server that is full refuses a script's writes, and after it none.
  redis.call('UNLINK', THREAD, CHECKPOINTS, ORDER, SEGMENTS, WRITES)
  -- A run may also build on one that was pruned.
  for _, mark in ipairs(redis.call('SMEMBERS', TOMBSTONE)) do
    if string.sub(mark, 1, #PRUNED) == PRUNED then
      redis.call('SREM', TOMBSTONE, mark)
      newest[#newest + 1] = string.sub(mark, #PRUNED + 1)
    end
  end
  if #newest == 0 then return end
  if redis.call('SCARD', TOMBSTONE) > MOST_REMEMBERED then redis.call('UNLINK', TOMBSTONE) end
  for i, member in ipairs(newest) do newest[i] = string.sub(member, string.find(member, '\0', 1, true) + 1) end
  redis.call('SADD', TOMBSTONE, unpack(newest))
  redis.call('PEXPIRE', TOMBSTONE, REMEMBERED_FOR_MS)
end

-- Remembers checkpoints that are taken out of the thread, in the place of those that were before.
local function remember_pruned(members)
  if redis.call('SCARD', TOMBSTONE) + #members > MOST_REMEMBERED then
    for _, mark in ipairs(redis.call('SMEMBERS', TOMBSTONE)) do
      if string.sub(mark, 1, #PRUNED) == PRUNED then redis.call('SREM', TOMBSTONE, mark) end
    end
  end
  local marks = {}
  for i = math.max(1, #members - MOST_REMEMBERED + 1), #members do marks[#marks + 1] = PRUNED .. members[i] end
  redis.call('SADD', TOMBSTONE, unpack(marks))
  redis.call('PEXPIRE', TOMBSTONE, REMEMBERED_FOR_MS)
end
