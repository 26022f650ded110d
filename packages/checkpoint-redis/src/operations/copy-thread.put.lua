-- KEYS: one part of an unfinished copy. ARGV: 'hash' or 'order', fields and values, or scores and members, in turn.
-- An unfinished copy expires.
local LASTS_MS = 600000
redis.call(ARGV[1] == 'hash' and 'HSET' or 'ZADD', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], LASTS_MS)
return {'copied'}
