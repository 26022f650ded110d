-- KEYS: a shard's threads by creation. ARGV: thread id. Returns the creation of its entry, '' if there is none.
return {'found', redis.call('ZSCORE', KEYS[1], ARGV[1]) or ''}
