-- The state of a thread: its key, and when it was last written to or pruned. It travels as text: the bytes of a damaged field would come back as others, and the
-- client would retry forever.
local function state_of(key)
  local found = redis.call('HMGET', THREAD, 'updated', 'epoch')
  local state = key .. ' ' .. (found[1] or '') .. ' ' .. (found[2] or '')
  return (string.gsub(state, '[^%w _-]', '?'))
end
