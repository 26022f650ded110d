-- KEYS: a shard's leases by when they end. ARGV: ended how many milliseconds ago, limit
local now = redis.call('TIME')
local latest = string.format('%.0f', now[1] * 1000000 + now[2] - ARGV[1] * 1000)
return {'listed', redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', latest, 'WITHSCORES', 'LIMIT', 0, ARGV[2])}
