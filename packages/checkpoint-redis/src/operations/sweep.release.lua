-- KEYS: the sweeper. ARGV: token, cursor
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return {'another'} end
redis.call('HSET', KEYS[1], 'cursor', ARGV[2])
redis.call('HDEL', KEYS[1], 'token', 'until')
return {'released'}
