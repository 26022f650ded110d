-- ARGV: key that the thread must have, ids of segments, then the members of checkpoints that are not there
-- Answers the segments with all that they need, and those of the writes to the checkpoints, and also these writes.
local key, epoch, refusal = find_whole_thread()
if refusal then return refusal end
if key ~= ARGV[1] then return {'none'} end
want(ARGV[2])
local found = {}
for i = 3, #ARGV do
  local writes = redis.call('HGET', WRITES, ARGV[i])
  if writes and redis.call('HEXISTS', CHECKPOINTS, ARGV[i]) == 0 then
    for _, links in ipairs(links_of_writes(writes)) do want(links) end
    found[#found + 1] = { ARGV[i], writes }
  end
end
return answer(key, epoch, found)
