-- What a thread is at this moment: its key, and when it was last written to or pruned. It goes to the client and back as text: bytes that are none, in a
-- field that is damaged, would make it another each time, and the client try for ever.
local function state_of(key)
  local found = redis.call('HMGET', THREAD, 'updated', 'epoch')
  local state = key .. ' ' .. (found[1] or '') .. ' ' .. (found[2] or '')
  return (string.gsub(state, '[^%w _-]', '?'))
end
