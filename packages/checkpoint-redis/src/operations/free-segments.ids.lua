-- ARGV: required state of the thread, cursor of HSCAN. Returns the next cursor and ids of segments.
local key, _, refusal = find_thread()
if refusal then return refusal end
if not key or state_of(key) ~= ARGV[1] then return {'changed'} end
local page = redis.call('HSCAN', SEGMENTS, ARGV[2], 'COUNT', 500)
local ids = {}
for i = 1, #page[2], 2 do ids[#ids + 1] = page[2][i] end
return {'read', page[1], table.concat(ids)}
