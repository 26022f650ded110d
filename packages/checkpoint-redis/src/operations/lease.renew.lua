-- ARGV: token, milliseconds, ttl. Also returns the milliseconds until the thread expires ('' for never, and for an empty thread), and its key.
local key, _, refusal = find_thread()
if refusal then return refusal end
if not key then return {'lease-lost'} end
refusal = lease_refusal(ARGV[1])
if refusal then return refusal end
write_even_if_full()
redis.call('HSET', THREAD, 'lease_until', digits(now_ms() + ARGV[2]))
local lasts = set_expiry(ARGV[3])
return {'renewed', redis.call('EXISTS', CHECKPOINTS, WRITES) > 0 and lasts or '', key}
