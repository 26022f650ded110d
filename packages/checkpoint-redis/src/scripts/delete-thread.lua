-- ARGV: token ('' for none). A refusal ends with the milliseconds in which the thread expires, '' for never.
local key, _, refusal = find_thread()
if refusal then return refusal end
refusal = key and lease_refusal(ARGV[1])
if refusal then
  local left = redis.call('PTTL', THREAD)
  refusal[#refusal + 1] = left < 0 and '' or digits(left)
  return refusal
end
delete_thread()
return {'deleted'}
