-- Whether the root graph has a checkpoint, and whether a migration has not ended.
local key, _, refusal, migration_token = find_thread()
if refusal then return refusal end
if migration_token then return {'incomplete'} end
return {key and redis.call('HEXISTS', THREAD, 'latest:') == 1 and 'here' or 'absent'}
