-- KEYS: a shard's threads by creation, a shard's threads by expiry. ARGV: thread id, milliseconds after which it has surely expired ('' for never),
-- '1' when the thread is a new one, in whose place there may be an entry of another. Answers whether the entry is new, and its creation.
local now = redis.call('TIME')
local micros = now[1] * 1000000 + now[2]
local created = redis.call('ZSCORE', KEYS[1], ARGV[1])
local is_new = not created
if is_new or ARGV[3] == '1' then
  created = string.format('%.0f', micros)
  redis.call('ZADD', KEYS[1], created, ARGV[1])
end
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
return {'indexed', is_new and '1' or '0', created}
