-- KEYS: one part of a copy that is being made. ARGV: 'hash' or 'order', fields and values, or scores and members, in turn.
-- A copy that is never finished is gone after a while.
local LASTS_MS = 600000
redis.call(ARGV[1] == 'hash' and 'HSET' or 'ZADD', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], LASTS_MS)
return {'copied'}
