-- KEYS: a shard's threads by creation, by expiry, and by when they were written to. ARGV: thread id
-- Answers whether the thread stands among the first and the last, and in how many milliseconds its entry expires, '' for never.
local now = redis.call('TIME')
local expires = redis.call('ZSCORE', KEYS[2], ARGV[1])
local left = expires and string.format('%.0f', expires - (now[1] * 1000 + math.floor(now[2] / 1000))) or ''
return {'found', redis.call('ZSCORE', KEYS[1], ARGV[1]) and 1 or 0, redis.call('ZSCORE', KEYS[3], ARGV[1]) and 1 or 0, left}
