-- ARGV: required state of the thread, ids of segments. Returns the values of the first ones, as many as fit one answer.
local key, _, refusal = find_thread()
if refusal then return refusal end
if not key or state_of(key) ~= ARGV[1] then return {'changed'} end
local MOST_BYTES = 8 * 1024 * 1024
local values, bytes = {}, 0
for i = 2, #ARGV do
  if bytes >= MOST_BYTES then break end
  local value = redis.call('HGET', SEGMENTS, ARGV[i]) or ''
  values[#values + 1] = value
  bytes = bytes + #value
end
return {'read', values}
