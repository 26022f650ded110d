-- ARGV: required state of the thread, token ('' for none), number of run ids, the run ids, the members of checkpoints
-- Removes what the runs wrote to these checkpoints.
local key, _, refusal = find_thread()
if refusal then return refusal end
if not key or state_of(key) ~= ARGV[1] then return {'changed'} end
refusal = lease_refusal(ARGV[2])
if refusal then return refusal end
write_even_if_full()
local runs, first_member = {}, 4 + ARGV[3]
for i = 4, first_member - 1 do runs[ARGV[i]] = true end
local bytes = 0
for i = first_member, #ARGV do
  local member = ARGV[i]
  local writes = redis.call('HGET', WRITES, member)
  local kept, dropped, at = {}, 0, FIRST_SLOT
  while writes and at <= #writes do
    local slot = string.sub(writes, at, at + 3 + number_at(writes, at))
    if runs[run_of_slot(slot)] then dropped = dropped + 1 else kept[#kept + 1] = slot end
    at = at + #slot
  end
  if dropped > 0 and #kept == 0 then
    bytes = bytes + drop_writes(member)
  elseif dropped > 0 then
    local row = string.sub(writes, 1, FIRST_SLOT - 1) .. table.concat(kept)
    redis.call('HSET', WRITES, member, row)
    redis.call('HINCRBY', THREAD, 'slots', -dropped)
    redis.call('HINCRBY', THREAD, 'bytes', #row - #writes)
    bytes = bytes + #writes - #row
  end
end
redis.call('HINCRBY', THREAD, 'epoch', 1)
-- Until the segments are freed: the pruning process may die before.
redis.call('HSET', THREAD, 'unfreed', 1)
return {'pruned', state_of(key), digits(bytes)}
