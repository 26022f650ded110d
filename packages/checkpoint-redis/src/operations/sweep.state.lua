-- The time since a thread's last write, its state, and whether it has changed since its last sweep.
local key, _, refusal, migration_token = find_thread()
if refusal then return refusal end
if migration_token then return {'incomplete'} end
if not key or redis.call('EXISTS', CHECKPOINTS, WRITES) == 0 then return {'none'} end
local state = state_of(key)
return {'found', digits(idle_ms()), state, redis.call('HGET', THREAD, 'swept') == state and '0' or '1'}
