-- ARGV: known segments, then the members of checkpoints
local key, epoch, refusal = find_whole_thread()
if refusal then return refusal end
if not key then return {'none'} end
skip_known(ARGV[1])
for i = 2, #ARGV do
  local row = row_of(ARGV[i])
  if row and not is_hidden(row) then add_checkpoint(ARGV[i], row, 'all') end
end
return answer(key, epoch)
