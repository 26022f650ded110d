-- KEYS: a shard's threads by creation, a shard's threads by expiry. ARGV: thread id, the creation of the entry that is meant ('' for any)
if ARGV[2] ~= '' and redis.call('ZSCORE', KEYS[1], ARGV[1]) ~= ARGV[2] then return {'another'} end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return {'forgotten'}
