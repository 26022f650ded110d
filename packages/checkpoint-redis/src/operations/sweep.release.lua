-- KEYS: the sweeper. ARGV: token, cursor
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return {'another'} end
-- In this order, for a server that is full: it refuses a script's first write, but none after one that frees memory.
redis.call('HDEL', KEYS[1], 'token', 'until')
redis.call('HSET', KEYS[1], 'cursor', ARGV[2])
return {'released'}
