-- The state of a thread: its key, and when it was last written to or pruned.
local function state_of(key)
  local found = redis.call('HMGET', THREAD, 'updated', 'epoch')
  return key .. ' ' .. (found[1] or '') .. ' ' .. found[2]
end
