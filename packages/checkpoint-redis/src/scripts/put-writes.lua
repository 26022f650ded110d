-- ARGV: expected key ('' for any), expected epoch, key of a new thread, token ('' for none), ttl, namespace, checkpoint id, number of slots,
-- then per slot its mark and the rest of it, then per segment its id and value
local member, slots = ARGV[6] .. '\0' .. ARGV[7], tonumber(ARGV[8])
-- Whatever is known of the thread by now: a task may have begun before its checkpoint was pruned.
if is_pruned(member) then return {'pruned'} end
local key, epoch, is_new = thread_to_write(ARGV[1], ARGV[2], ARGV[3], ARGV[4], member, ARGV[7])
if not key then return epoch end
local linked = {}
for i = 10, 8 + 2 * slots, 2 do
  local _, after_place = part_at(ARGV[i], 1)
  linked[#linked + 1] = part_at(ARGV[i], after_place)
end
if not are_there(linked, 9 + 2 * slots) then return {'lost'} end
local more_bytes = store_segments(9 + 2 * slots)

local stored = redis.call('HGET', WRITES, member) or ''
local writes = stored == '' and number_bytes(0) or stored
local arrival = string.sub(writes, 1, 4)
local added = {}
for i = 9, 8 + 2 * slots, 2 do
  local mark, rest = ARGV[i], ARGV[i + 1]
  local at = slot_with(writes, mark)
  -- The highest bit of the slot's number is its sign. A positive one is written once; a negative one is replaced, and keeps its arrival and its place.
  local is_negative = string.byte(mark, 4) >= 128
  if not at then
    added[#added + 1] = number_bytes(4 + #mark + #rest) .. arrival .. mark .. rest
  elseif is_negative then
    local content, after = at + 8 + #mark, at + 4 + number_at(writes, at)
    local _, after_old_place = part_at(writes, content)
    local _, after_new_place = part_at(rest, 1)
    local replaced = string.sub(writes, at + 4, after_old_place - 1) .. string.sub(rest, after_new_place)
    writes = string.sub(writes, 1, at - 1) .. number_bytes(#replaced) .. replaced .. string.sub(writes, after)
  end
end
local next_arrival = number_bytes(number_at(arrival, 1) + 1)
local row = next_arrival .. string.sub(writes, FIRST_SLOT) .. table.concat(added)
redis.call('HSET', WRITES, member, row)
redis.call('HINCRBY', THREAD, 'bytes', more_bytes + #row - #stored)
if #added > 0 then redis.call('HINCRBY', THREAD, 'slots', #added) end
redis.call('HSET', THREAD, 'updated', stamp_now())
return {'stored', key, epoch, is_new, set_expiry(ARGV[5])}
