-- ARGV: state of the thread ('' for the first page), rank to begin at, how many (0: only whether the state is still the same)
-- Answers the state, the thread's fields, per checkpoint its member, place, row and writes, the writes that have no checkpoint (with the last page), and
-- the rank of the next page, '' at the end.
local key, _, refusal = find_thread()
if refusal then return refusal end
if not key or redis.call('EXISTS', CHECKPOINTS, WRITES) == 0 then return {'none'} end
local state = state_of(key)
if ARGV[1] ~= '' and ARGV[1] ~= state then return {'changed'} end
local first, count = tonumber(ARGV[2]), tonumber(ARGV[3])
local found = count > 0 and redis.call('ZRANGE', ORDER, first, first + count - 1, 'WITHSCORES') or {}
local rows, early = {}, {}
for i = 1, #found, 2 do
  rows[#rows + 1] = { found[i], found[i + 1], redis.call('HGET', CHECKPOINTS, found[i]), redis.call('HGET', WRITES, found[i]) or '' }
end
local is_last = count > 0 and #found < 2 * count
if is_last then
  for _, member in ipairs(redis.call('HKEYS', WRITES)) do
    if redis.call('HEXISTS', CHECKPOINTS, member) == 0 then
      early[#early + 1] = member
      early[#early + 1] = redis.call('HGET', WRITES, member)
    end
  end
end
return {'read', state, redis.call('HGETALL', THREAD), rows, early, is_last and '' or digits(first + count)}
