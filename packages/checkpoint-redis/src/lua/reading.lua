-- Collects checkpoints with their writes and every segment reachable from them.
local ID_BYTES = 16
local rows, segments, fetched, expanded, queue = {}, {}, {}, {}, {}
-- A script sends about this many bytes, which takes some 30 ms; the client requests the rest next.
local MOST_BYTES = 8 * 1024 * 1024
local bytes = 0

local function want(links, from)
  for at = from or 1, #links, ID_BYTES do queue[#queue + 1] = string.sub(links, at, at + ID_BYTES - 1) end
end

-- Segments that the client has, together with what they link to.
local function skip_known(ids)
  for at = 1, #ids, ID_BYTES do
    local id = string.sub(ids, at, at + ID_BYTES - 1)
    fetched[id] = ''
    expanded[id] = true
  end
end

local function links_of_segment(value)
  return string.sub(value, 5, 4 + ID_BYTES * number_at(value, 1))
end

local function fetch(id)
  if fetched[id] then return fetched[id] end
  local value = redis.call('HGET', SEGMENTS, id) or ''
  fetched[id] = value
  bytes = bytes + #value
  if value ~= '' then
    segments[#segments + 1] = id
    segments[#segments + 1] = value
  end
  return value
end

-- Adds a checkpoint with what its writes need, and its values: 'all', 'none' (the client has them), or 'names' (the keyframe, which has its channels).
local function add_checkpoint(member, row, values)
  local writes = redis.call('HGET', WRITES, member) or ''
  rows[#rows + 1] = { member, row, writes, values }
  local links = part_of(row, LINKS)
  if values == 'all' then
    want(links)
  elseif values == 'names' and links ~= '' then
    if has_keyframe(row) then fetch(string.sub(links, 1, ID_BYTES)) end
  end
  for _, each in ipairs(links_of_writes(writes)) do want(each) end
end

-- Fetches the wanted segments and what they link to, as much as fits one answer. Returns the segments, and the ids of the remaining ones.
local function collected_segments()
  local next = 1
  while next <= #queue and bytes < MOST_BYTES do
    local id = queue[next]
    next = next + 1
    if not expanded[id] then
      expanded[id] = true
      local value = fetch(id)
      if value ~= '' then want(links_of_segment(value)) end
    end
  end
  local left = {}
  for i = next, #queue do
    if not expanded[queue[i]] then left[#left + 1] = queue[i] end
    expanded[queue[i]] = true
  end
  return segments, left
end

-- The answer of a reading script: 'read', key, epoch, rows, segments, the ids of segments to fetch next, and further values.
local function answer(key, epoch, ...)
  local found, left = collected_segments()
  return {'read', key, epoch, rows, found, left, ...}
end
