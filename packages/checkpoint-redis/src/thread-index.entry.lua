-- KEYS: a shard's threads by creation. ARGV: thread id. Answers the creation of its entry, '' where there is none.
return {'found', redis.call('ZSCORE', KEYS[1], ARGV[1]) or ''}
