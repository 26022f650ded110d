-- KEYS: a shard's threads by creation, a shard's threads by expiry. ARGV: thread id, milliseconds after which it has surely expired ('' for never)
local now = redis.call('TIME')
local micros = now[1] * 1000000 + now[2]
redis.call('ZADD', KEYS[1], 'NX', string.format('%.0f', micros), ARGV[1])
if ARGV[2] == '' then
  redis.call('ZREM', KEYS[2], ARGV[1])
else
  redis.call('ZADD', KEYS[2], string.format('%.0f', math.floor(micros / 1000) + ARGV[2]), ARGV[1])
end
-- Each thread that comes clears away some that have expired, so that their ids do not pile up.
local MOST_CLEARED = 100
for _, expired in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', math.floor(micros / 1000), 'LIMIT', 0, MOST_CLEARED)) do
  redis.call('ZREM', KEYS[1], expired)
  redis.call('ZREM', KEYS[2], expired)
end
return {'indexed'}
