-- The thread's state, its fields, the highest place in its order, and in how many milliseconds each of its keys that is there expires (-1 for never).
local key, _, refusal, migration_token = find_thread()
if refusal then return refusal end
if migration_token or redis.call('EXISTS', CHECKPOINTS, ORDER, SEGMENTS, WRITES) == 0 then return {'none'} end
if not key then return {'without-record'} end
local times = {}
for part = 1, PARTS do
  if redis.call('EXISTS', KEYS[part]) == 1 then times[#times + 1] = redis.call('PTTL', KEYS[part]) end
end
return {'found', state_of(key), redis.call('HGETALL', THREAD), redis.call('ZREVRANGE', ORDER, 0, 0, 'WITHSCORES')[2] or '0', times}
