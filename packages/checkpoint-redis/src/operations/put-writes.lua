-- ARGV: expected key ('' for any), expected epoch, key of a new thread, token ('' for none), ttl, namespace, checkpoint id, call, life ('' for
-- any), number of slots, then per slot its mark and the rest of it, then per segment its id and value
-- Also returns whether this call, in any of its tries, started the thread.
local member, call, slots = ARGV[6] .. '\0' .. ARGV[7], ARGV[8], tonumber(ARGV[10])
local first_slot, first_segment = 11, 11 + 2 * slots
-- Regardless of the guard: a task may have begun before its checkpoint was pruned.
if is_pruned(member) then return {'past'} end
local key, epoch = thread_to_write(ARGV[1], ARGV[2], ARGV[3], ARGV[4], { member }, ARGV[9], member)
if not key then return epoch end
local linked = {}
for i = first_slot + 1, first_segment - 1, 2 do
  local _, after_place = part_at(ARGV[i], 1)
  linked[#linked + 1] = part_at(ARGV[i], after_place)
end
if not are_there(linked, first_segment) then return {'lost'} end
local more_bytes = store_segments(first_segment)

local stored = redis.call('HGET', WRITES, member) or ''
local writes = stored == '' and number_bytes(0) or stored
local arrival = string.sub(writes, 1, 4)
local added, has_unfreed = {}, false
for i = first_slot, first_segment - 1, 2 do
  local mark, rest = ARGV[i], ARGV[i + 1]
  local at = slot_with(writes, mark)
  -- The highest bit of the slot's number is its sign. A positive slot is written once; a negative one is replaced, and keeps its arrival and its place.
  local is_negative = string.byte(mark, 4) >= 128
  -- The replaced or ignored slot may have been the only one that links to a segment.
  if at then has_unfreed = true end
  if not at then
    added[#added + 1] = number_bytes(4 + #mark + #rest) .. arrival .. mark .. rest
  elseif is_negative then
    local after = at + 4 + number_at(writes, at)
    local old = parts_of(string.sub(writes, at + 8 + #mark, after - 1))
    if not is_past(old[SLOT_CALLS], call) then
      local new = parts_of(rest)
      new[SLOT_PLACE], new[SLOT_CALLS] = old[SLOT_PLACE], with_call(old[SLOT_CALLS], call)
      -- For a rollback of this lease.
      if new[SLOT_WRITER] then
        new[SLOT_REPLACED] = old[SLOT_REPLACED]
        if new[SLOT_WRITER] ~= old[SLOT_WRITER] then
          new[SLOT_REPLACED] = with_part(with_part(with_part(with_part('', old[SLOT_LINKS]), old[SLOT_PAYLOAD]), old[SLOT_RUN]), old[SLOT_WRITER] or '')
        end
      end
      writes = string.sub(writes, 1, at - 1) .. slot_of(string.sub(writes, at + 4, at + 7) .. mark, new) .. string.sub(writes, after)
    end
  end
end
local next_arrival = number_bytes(number_at(arrival, 1) + 1)
local row = next_arrival .. string.sub(writes, FIRST_SLOT) .. table.concat(added)
redis.call('HSET', WRITES, member, row)
redis.call('HINCRBY', THREAD, 'bytes', more_bytes + #row - #stored)
if #added > 0 then redis.call('HINCRBY', THREAD, 'slots', #added) end
if has_unfreed then redis.call('HSET', THREAD, 'unfreed', 1) end
redis.call('HSET', THREAD, 'updated', stamp_now())
return {'stored', key, epoch, key == ARGV[3] and '1' or '0', set_expiry(ARGV[5])}
