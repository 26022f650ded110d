-- ARGV: how many labels are set, then field and value of each, then the fields of those that go
local key, _, refusal = find_whole_thread()
if refusal then return refusal end
if not key then return {'none'} end
local first_gone = 2 + 2 * ARGV[1]
for i = 2, first_gone - 1, 2 do redis.call('HSET', THREAD, ARGV[i], ARGV[i + 1]) end
for i = first_gone, #ARGV do redis.call('HDEL', THREAD, ARGV[i]) end
return {'set'}
