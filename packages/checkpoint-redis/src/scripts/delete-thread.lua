-- ARGV: token ('' for none). A refusal ends with the milliseconds in which the thread expires, '' for never.
local key, _, refusal = find_thread()
if refusal then return refusal end
refusal = key and lease_refusal(ARGV[1])
if refusal then
  local left = redis.call('PTTL', THREAD)
  refusal[#refusal + 1] = left < 0 and '' or digits(left)
  return refusal
end
-- The newest checkpoints are remembered for a day: a run that is still going on builds on one of them.
local MOST_REMEMBERED, REMEMBERED_FOR_MS = 1024, 86400000
local newest = redis.call('ZREVRANGE', ORDER, 0, MOST_REMEMBERED - 1)
-- First what frees memory: before that, a server that is full refuses a script's writes, and after it none.
redis.call('UNLINK', THREAD, CHECKPOINTS, ORDER, SEGMENTS, WRITES)
if #newest > 0 then
  if redis.call('SCARD', TOMBSTONE) > MOST_REMEMBERED then redis.call('UNLINK', TOMBSTONE) end
  for i, member in ipairs(newest) do newest[i] = string.sub(member, string.find(member, '\0', 1, true) + 1) end
  redis.call('SADD', TOMBSTONE, unpack(newest))
  redis.call('PEXPIRE', TOMBSTONE, REMEMBERED_FOR_MS)
end
return {'deleted'}
