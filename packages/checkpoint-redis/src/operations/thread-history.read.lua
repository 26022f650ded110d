-- ARGV: rank to begin at, how many
-- Answers the fields of the thread, per checkpoint its member, its labels and when it was committed, and the rank of the next page, '' at the end.
local key, _, refusal = find_whole_thread()
if refusal then return refusal end
if not key then return {'none'} end
local first, count = tonumber(ARGV[1]), tonumber(ARGV[2])
local members = redis.call('ZRANGE', ORDER, first, first + count - 1)
local rows = {}
for _, member in ipairs(members) do
  local row = redis.call('HGET', CHECKPOINTS, member)
  if row then rows[#rows + 1] = { member, part_of(row, LABELS), part_of(row, COMMITTED) } end
end
return {'read', redis.call('HGETALL', THREAD), rows, #members == count and digits(first + count) or ''}
