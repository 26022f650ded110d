-- KEYS: a shard's threads by creation, a shard's threads by expiry. ARGV: thread id
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return {'forgotten'}
