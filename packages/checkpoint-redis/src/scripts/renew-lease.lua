-- ARGV: token, milliseconds, ttl
local key, _, refusal = find_thread()
if refusal then return refusal end
if not key or lease_refusal(ARGV[1]) then return {'lost'} end
redis.call('HSET', THREAD, 'lease_until', digits(now_ms() + ARGV[2]))
set_expiry(ARGV[3])
return {'renewed'}
