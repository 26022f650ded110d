-- KEYS: a shard's leases by when they end. ARGV: thread id, milliseconds. Answers the note: what is needed to take it back.
local now = redis.call('TIME')
local ends = string.format('%.0f', now[1] * 1000000 + now[2] + ARGV[2] * 1000)
redis.call('ZADD', KEYS[1], ends, ARGV[1])
return {'noted', ends}
