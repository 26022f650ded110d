-- ARGV: required state of the thread, whether these are the last, ids of unreferenced segments. Returns their bytes.
local key, _, refusal = find_thread()
if refusal then return refusal end
if not key or state_of(key) ~= ARGV[1] then return {'changed'} end
write_even_if_full()
local bytes = 0
for i = 3, #ARGV do
  bytes = bytes + redis.call('HSTRLEN', SEGMENTS, ARGV[i])
  redis.call('HDEL', SEGMENTS, ARGV[i])
end
redis.call('HINCRBY', THREAD, 'bytes', -bytes)
if ARGV[2] == '1' then redis.call('HDEL', THREAD, 'unfreed') end
return {'freed', digits(bytes)}
