-- ARGV: token ('' for none)
local key, _, refusal = find_thread()
if refusal then return refusal end
refusal = key and lease_refusal(ARGV[1])
if refusal then return refusal end
-- The newest checkpoints are remembered for a day: a run that is still going on builds on one of them.
local MOST_REMEMBERED, REMEMBERED_FOR_MS = 1024, 86400000
local newest = redis.call('ZREVRANGE', ORDER, 0, MOST_REMEMBERED - 1)
if #newest > 0 then
  if redis.call('SCARD', TOMBSTONE) > MOST_REMEMBERED then redis.call('UNLINK', TOMBSTONE) end
  for i, member in ipairs(newest) do newest[i] = string.sub(member, string.find(member, '\0', 1, true) + 1) end
  redis.call('SADD', TOMBSTONE, unpack(newest))
  redis.call('PEXPIRE', TOMBSTONE, REMEMBERED_FOR_MS)
end
redis.call('UNLINK', THREAD, CHECKPOINTS, ORDER, SEGMENTS, WRITES)
return {'deleted'}
