-- ARGV: token of the lease under which the thread is migrated
local key, _, refusal = find_thread()
if refusal then return refusal end
if not key or lease_refusal(ARGV[1]) then return {'refused'} end
redis.call('HDEL', THREAD, 'migration_token')
return {'ended'}
