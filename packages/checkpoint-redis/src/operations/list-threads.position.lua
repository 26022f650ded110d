-- When the thread was last written to, in microseconds; '' for none.
local key, _, refusal = find_whole_thread()
if refusal then return refusal end
return {'found', key and redis.call('HGET', THREAD, 'updated') or ''}
