-- KEYS: of the thread, and then the parts of the copy: checkpoints, order, segments, writes. ARGV: key of the new thread, ttl, how many of its parts must
-- exist, then fields and values of the thread
local key, _, refusal = find_thread()
if refusal then return refusal end
-- A retry after a lost answer.
if key == ARGV[1] then return {'copied', redis.call('PTTL', THREAD)} end
if key then return {'exists'} end
if redis.call('EXISTS', KEYS[7], KEYS[8], KEYS[9], KEYS[10]) ~= tonumber(ARGV[3]) then return {'gone'} end
begin_thread(ARGV[1])
redis.call('HSET', THREAD, unpack(ARGV, 4))
for part = 1, 4 do
  if redis.call('EXISTS', KEYS[6 + part]) == 1 then
    redis.call('RENAME', KEYS[6 + part], KEYS[1 + part])
    redis.call('PERSIST', KEYS[1 + part])
  end
end
local lasts = set_expiry(ARGV[2])
return {'copied', lasts == '' and -1 or tonumber(lasts)}
