-- ARGV: known segments, key of the thread, then the members of checkpoints
local key, epoch, refusal = find_whole_thread()
if refusal then return refusal end
if key ~= ARGV[2] then return {'none'} end
skip_known(ARGV[1])
for i = 3, #ARGV do
  local row = redis.call('HGET', CHECKPOINTS, ARGV[i])
  if row and not is_hidden(row) then add_checkpoint(ARGV[i], row, 'all') end
end
return answer(key, epoch)
