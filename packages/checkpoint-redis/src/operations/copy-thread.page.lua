-- ARGV: state of the thread ('' for the first page), first rank, limit
-- Returns the state, the thread's fields, for each checkpoint its member, place, row and writes, and the rank of the next page ('' at the end). Leaves out writes
-- whose checkpoint is in flight, because it will not reach the copy.
local key, _, refusal, migration_token = find_thread()
if refusal then return refusal end
if migration_token then return {'incomplete'} end
if not key or redis.call('EXISTS', CHECKPOINTS) == 0 then return {'none'} end
local state = state_of(key)
if ARGV[1] ~= '' and ARGV[1] ~= state then return {'changed'} end
local first, count = tonumber(ARGV[2]), tonumber(ARGV[3])
local found = redis.call('ZRANGE', ORDER, first, first + count - 1, 'WITHSCORES')
local rows = {}
for i = 1, #found, 2 do
  rows[#rows + 1] = { found[i], found[i + 1], redis.call('HGET', CHECKPOINTS, found[i]), redis.call('HGET', WRITES, found[i]) or '' }
end
local is_last = #found < 2 * count
return {'read', state, redis.call('HGETALL', THREAD), rows, is_last and '' or digits(first + count)}
