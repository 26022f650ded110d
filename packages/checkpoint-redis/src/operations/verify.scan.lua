-- ARGV: key that the thread must have, what to look for, cursor of HSCAN. Answers the next cursor, and ids of segments, or members: of checkpoints that have no place in the order, or of writes
-- whose checkpoint is not there.
local key, _, refusal = find_whole_thread()
if refusal then return refusal end
if key ~= ARGV[1] then return {'none'} end
local hash = ({ segments = SEGMENTS, checkpoints = CHECKPOINTS, writes = WRITES })[ARGV[2]]
local page = redis.call('HSCAN', hash, ARGV[3], 'COUNT', 500)
local found = {}
for i = 1, #page[2], 2 do
  local field = page[2][i]
  local is_known = ARGV[2] == 'checkpoints' and redis.call('ZSCORE', ORDER, field)
    or ARGV[2] == 'writes' and redis.call('HEXISTS', CHECKPOINTS, field) == 1
  if not is_known then found[#found + 1] = field end
end
return {'read', page[1], found}
