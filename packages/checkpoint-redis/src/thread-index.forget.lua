-- KEYS: a shard's threads by creation, by expiry, and by when they were written to. ARGV: thread id, the creation of the entry to remove,
-- its minimum age in milliseconds
local created = redis.call('ZSCORE', KEYS[1], ARGV[1])
if created ~= ARGV[2] then return {'another'} end
local now = redis.call('TIME')
if now[1] * 1000000 + now[2] - tonumber(created) < ARGV[3] * 1000 then return {'young'} end
for n = 1, 3 do redis.call('ZREM', KEYS[n], ARGV[1]) end
return {'forgotten'}
