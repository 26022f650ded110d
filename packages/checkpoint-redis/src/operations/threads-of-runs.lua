-- ARGV: first rank, limit, ids of runs
-- Returns whether the checkpoints of this page, or their writes, contain one of them, and the rank of the next page ('' at the end). Also matches other labels.
local key, _, refusal = find_whole_thread()
if refusal then return refusal end
if not key then return {'none'} end
local first, count = tonumber(ARGV[1]), tonumber(ARGV[2])
local members = redis.call('ZRANGE', ORDER, first, first + count - 1)
for _, member in ipairs(members) do
  local row = redis.call('HGET', CHECKPOINTS, member)
  local labels, writes = row and part_of(row, LABELS) or '', redis.call('HGET', WRITES, member) or ''
  for i = 3, #ARGV do
    if string.find(labels, ARGV[i], 1, true) or string.find(writes, ARGV[i], 1, true) then return {'found'} end
  end
end
return {'next', #members == count and digits(first + count) or ''}
