-- ARGV: token of the lease under which the thread is migrated
-- Whoever takes a migration up that was broken off puts its own token in the place of the former one.
local key, _, refusal, migration_token = find_thread()
if refusal then return refusal end
if not key or lease_refusal(ARGV[1]) then return {'refused'} end
if not migration_token and redis.call('HEXISTS', THREAD, 'latest:') == 1 then return {'refused'} end
redis.call('HSET', THREAD, 'migration_token', ARGV[1])
return {'begun'}
