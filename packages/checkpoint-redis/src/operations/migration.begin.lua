-- ARGV: token of the lease under which the thread is migrated
-- A process that continues an interrupted migration replaces the previous token by its own.
local key, _, refusal, migration_token = find_thread()
if refusal then return refusal end
if not key or lease_refusal(ARGV[1]) then return {'refused'} end
if not migration_token and redis.call('HEXISTS', THREAD, 'latest:') == 1 then return {'refused'} end
redis.call('HSET', THREAD, 'migration_token', ARGV[1])
return {'begun'}
