-- ARGV: required state of the thread, token ('' for none), number of leases, number of run ids, the leases, the run ids, the members of checkpoints
-- Removes what the runs wrote to these checkpoints, or what was written last under the leases, and restores what these had replaced.
local key, _, refusal = find_thread()
if refusal then return refusal end
if not key or state_of(key) ~= ARGV[1] then return {'changed'} end
refusal = lease_refusal(ARGV[2])
if refusal then return refusal end
write_even_if_full()
local leases, runs, first_run, first_member = {}, {}, 5 + ARGV[3], 5 + ARGV[3] + ARGV[4]
for i = 5, first_run - 1 do leases[ARGV[i]] = true end
for i = first_run, first_member - 1 do runs[ARGV[i]] = true end

-- A slot with what stood in it before its lease replaced it.
local function restored(slot, replaced)
  local _, after_task = part_at(slot, 13)
  local parts, before = parts_of(string.sub(slot, after_task)), parts_of(replaced)
  parts[SLOT_LINKS], parts[SLOT_PAYLOAD], parts[SLOT_RUN] = before[1], before[2], before[3]
  parts[SLOT_WRITER], parts[SLOT_REPLACED] = before[4] ~= '' and before[4] or nil, nil
  return slot_of(string.sub(slot, 5, after_task - 1), parts)
end

local bytes = 0
for i = first_member, #ARGV do
  local member = ARGV[i]
  local writes = redis.call('HGET', WRITES, member)
  local kept, dropped, has_restored, at = {}, 0, false, FIRST_SLOT
  while writes and at <= #writes do
    local slot = string.sub(writes, at, at + 3 + number_at(writes, at))
    local size = #slot
    local replaced = leases[part_of_slot(slot, SLOT_WRITER)] and part_of_slot(slot, SLOT_REPLACED) or ''
    if replaced ~= '' then slot, has_restored = restored(slot, replaced), true end
    if leases[part_of_slot(slot, SLOT_WRITER)] or runs[part_of_slot(slot, SLOT_RUN)] then
      dropped = dropped + 1
    else
      kept[#kept + 1] = slot
    end
    at = at + size
  end
  if dropped > 0 and #kept == 0 then
    bytes = bytes + drop_writes(member)
  elseif dropped > 0 or has_restored then
    local row = string.sub(writes, 1, FIRST_SLOT - 1) .. table.concat(kept)
    redis.call('HSET', WRITES, member, row)
    redis.call('HINCRBY', THREAD, 'slots', 0 - dropped)
    redis.call('HINCRBY', THREAD, 'bytes', #row - #writes)
    bytes = bytes + #writes - #row
  end
end
redis.call('HINCRBY', THREAD, 'epoch', 1)
-- Until the segments are freed: the pruning process may die before.
redis.call('HSET', THREAD, 'unfreed', 1)
return {'pruned', state_of(key), digits(bytes)}
