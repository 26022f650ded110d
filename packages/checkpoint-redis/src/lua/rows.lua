-- rows.ts makes and reads rows; this reads only what scripts need.

-- An unsigned 32-bit number, little-endian; 0 if the bytes end before it, which the client reports as damage.
local function number_at(bytes, at)
  local a, b, c, d = string.byte(bytes, at, at + 3)
  if not d then return 0 end
  return a + b * 256 + c * 65536 + d * 16777216
end

local function number_bytes(number)
  return string.char(number % 256, math.floor(number / 256) % 256, math.floor(number / 65536) % 256, math.floor(number / 16777216) % 256)
end

-- The part of a row at a position, and the position after it.
local function part_at(row, at)
  local length = number_at(row, at)
  return string.sub(row, at + 4, at + 3 + length), at + 4 + length
end

-- The parts of a list of parts.
local function parts_of(list)
  local parts, at = {}, 1
  while at <= #list do
    local part
    part, at = part_at(list, at)
    parts[#parts + 1] = part
  end
  return parts
end

-- A checkpoint's row. Copies only the requested part.
local PARENT, LINEAGE, SNAPSHOTS, LINKS, METADATA, BODY, LABELS, COMMITTED, CALLS, WRITER, HIDDEN = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11

local function start_of(row, part)
  local at = 1
  for _ = 2, part do
    if at > #row then return at end
    at = at + 4 + number_at(row, at)
  end
  return at
end

-- '' for a part that the row does not have.
local function part_of(row, part)
  local at = start_of(row, part)
  return at > #row and '' or (part_at(row, at))
end

local function with_part(row, part)
  return row .. number_bytes(#part) .. part
end

local function is_hidden(row)
  return part_of(row, HIDDEN) ~= ''
end

local function as_hidden(row)
  local has_writer = start_of(row, WRITER) <= #row
  return with_part(has_writer and row or with_part(row, ''), '1')
end

-- Whether its record is compressed against the first of its links, its keyframe.
local function has_keyframe(row)
  local body = start_of(row, BODY) + 4
  return string.sub(row, body + 1, body + 1) == '\1'
end

-- Calls, 8 bytes each, with the number of the process in the upper half: the last writer, then the calls of other processes that it replaced.
local CALL_BYTES = 8

-- Whether a later call of the same process wrote the row, or wrote it before another process replaced it.
local function is_past(calls, call)
  for at = 1, #calls, CALL_BYTES do
    if string.sub(calls, at + 4, at + 7) == string.sub(call, 5, 8) then
      local done, number = number_at(calls, at), number_at(call, 1)
      if number < done or (number == done and at > 1) then return true end
    end
  end
  return false
end

-- Whether these contain a call, or a later one of its process.
local function was_carried_out(calls, call)
  for at = 1, #calls, CALL_BYTES do
    if string.sub(calls, at + 4, at + 7) == string.sub(call, 5, 8) and number_at(calls, at) >= number_at(call, 1) then return true end
  end
  return false
end

local function with_call(calls, call)
  local all = { call }
  for at = 1, #calls, CALL_BYTES do
    if string.sub(calls, at + 4, at + 7) ~= string.sub(call, 5, 8) then all[#all + 1] = string.sub(calls, at, at + CALL_BYTES - 1) end
  end
  return table.concat(all)
end

-- The pending writes of a checkpoint: the next arrival, then for each slot its length, arrival, slot, task, place, links, payload, run, and calls.
local FIRST_SLOT = 5
-- The part after a slot's mark. Replaceable slots have all parts up to the calls. After the lease: links, payload, run and lease of what another lease replaced last.
local SLOT_PLACE, SLOT_LINKS, SLOT_PAYLOAD, SLOT_RUN, SLOT_CALLS, SLOT_WRITER, SLOT_REPLACED = 1, 2, 3, 4, 5, 6, 7

-- A part of a slot; '' if it does not have it.
local function part_of_slot(slot, part)
  local _, at = part_at(slot, 13)
  for _ = 2, part do
    if at > #slot then return '' end
    _, at = part_at(slot, at)
  end
  return at > #slot and '' or (part_at(slot, at))
end

-- The links of all slots, each list as bytes; on request also those of what they have replaced.
local function links_of_writes(writes, with_replaced)
  local lists, at = {}, FIRST_SLOT
  while at <= #writes do
    local length = number_at(writes, at)
    local _, after_task = part_at(writes, at + 12)
    local _, after_place = part_at(writes, after_task)
    local links = part_at(writes, after_place)
    if links ~= '' then lists[#lists + 1] = links end
    local replaced = with_replaced and part_of_slot(string.sub(writes, at, at + 3 + length), SLOT_REPLACED) or ''
    if replaced ~= '' then lists[#lists + 1] = part_at(replaced, 1) end
    at = at + 4 + length
  end
  return lists
end

-- A slot made of these parts. before: its arrival and mark, as bytes.
local function slot_of(before, parts)
  local slot = before
  for part = 1, SLOT_REPLACED do
    if parts[part] then slot = with_part(slot, parts[part]) end
  end
  return number_bytes(#slot) .. slot
end

-- Where the slot with this mark (its number and task) begins, if it exists. A native search for bytes; only hits are checked.
local function slot_with(writes, mark)
  if not string.find(writes, mark, FIRST_SLOT, true) then return nil end
  local at = FIRST_SLOT
  while at <= #writes do
    if string.sub(writes, at + 8, at + 7 + #mark) == mark then return at end
    at = at + 4 + number_at(writes, at)
  end
  return nil
end

local LINK_BYTES = 16

-- Whether every linked segment exists, or is in ARGV (ids and values in turn, from a position). A failover or crash may lose an acknowledged write to which a
-- writer still links.
local function are_there(lists, from)
  local coming, checked = {}, {}
  for i = from, #ARGV, 2 do
    coming[ARGV[i]] = true
    lists[#lists + 1] = string.sub(ARGV[i + 1], 5, 4 + LINK_BYTES * number_at(ARGV[i + 1], 1))
  end
  for _, links in ipairs(lists) do
    for at = 1, #links, LINK_BYTES do
      local id = string.sub(links, at, at + LINK_BYTES - 1)
      if not coming[id] and not checked[id] then
        if redis.call('HEXISTS', SEGMENTS, id) == 0 then return false end
        checked[id] = true
      end
    end
  end
  return true
end

-- Stores the segments in ARGV (ids and values in turn, from a position). Returns how many bytes are new.
local function store_segments(from)
  local bytes = 0
  for i = from, #ARGV, 2 do
    if redis.call('HSETNX', SEGMENTS, ARGV[i], ARGV[i + 1]) == 1 then bytes = bytes + #ARGV[i + 1] end
  end
  return bytes
end

local function slots_in(writes)
  local count, at = 0, FIRST_SLOT
  while at <= #writes do
    count = count + 1
    at = at + 4 + number_at(writes, at)
  end
  return count
end

-- Removes the pending writes of a checkpoint. Returns their bytes.
local function drop_writes(member)
  local writes = redis.call('HGET', WRITES, member)
  if not writes then return 0 end
  redis.call('HDEL', WRITES, member)
  redis.call('HINCRBY', THREAD, 'bytes', -#writes)
  redis.call('HINCRBY', THREAD, 'slots', -slots_in(writes))
  return #writes
end

-- Only keyframes and short segments link to others (MAX_LINKING_BYTES in core's segment.ts, and at most 255 links): so longer values need not be copied.
local MOST_BYTES_WITH_LINKS = 16 * 1024

-- The links of a stored segment.
local function links_of_stored(id, is_keyframe)
  local length = redis.call('HSTRLEN', SEGMENTS, id)
  if length == 0 or (length > MOST_BYTES_WITH_LINKS and not is_keyframe) then return '' end
  local value = redis.call('HGET', SEGMENTS, id)
  return string.sub(value, 5, 4 + LINK_BYTES * number_at(value, 1))
end
