-- KEYS: a shard's threads by creation, by expiry, and by when they were written to. ARGV: thread id, the creation of the entry that is meant ('' for any)
if ARGV[2] ~= '' and redis.call('ZSCORE', KEYS[1], ARGV[1]) ~= ARGV[2] then return {'another'} end
for n = 1, 3 do redis.call('ZREM', KEYS[n], ARGV[1]) end
return {'forgotten'}
