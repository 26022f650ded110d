-- KEYS: a shard's threads by creation, by expiry, and by when they were written to. ARGV: thread id, creation, the minute of the last write
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
  redis.call('ZADD', KEYS[3], ARGV[3], ARGV[1])
end
return {'adopted'}
