-- ARGV: known segments, key that the thread must have, place of the last checkpoint ('' for the first page), how many
-- Answers also the place to go on from ('' at the end), members that are in the order and not among the checkpoints, and those that are hidden.
local key, epoch, refusal = find_whole_thread()
if refusal then return refusal end
if key ~= ARGV[2] then return {'none'} end
skip_known(ARGV[1])
local count = tonumber(ARGV[4])
local found = redis.call('ZRANGEBYSCORE', ORDER, ARGV[3] == '' and '-inf' or '(' .. ARGV[3], '+inf', 'WITHSCORES', 'LIMIT', 0, count)
local absent, hidden = {}, {}
for i = 1, #found, 2 do
  local row = redis.call('HGET', CHECKPOINTS, found[i])
  if row then add_checkpoint(found[i], row, 'all') else absent[#absent + 1] = found[i] end
  if row and is_hidden(row) then hidden[#hidden + 1] = found[i] end
end
return answer(key, epoch, #found == 2 * count and found[#found] or '', absent, hidden)
