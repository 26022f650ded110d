-- Collects checkpoints with their writes and every segment that can be reached from them.
local ID_BYTES = 16
local rows, segments, fetched, expanded, queue = {}, {}, {}, {}, {}

local function want(links, from)
  for at = from or 1, #links, ID_BYTES do queue[#queue + 1] = string.sub(links, at, at + ID_BYTES - 1) end
end

-- Segments that the client has, whose links it has, too.
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
  if value ~= '' then
    segments[#segments + 1] = id
    segments[#segments + 1] = value
  end
  return value
end

-- Adds a checkpoint with all that its values and writes need, or, not whole, only what tells which channels it has: its keyframe.
local function add_checkpoint(member, row, whole)
  local writes = redis.call('HGET', WRITES, member) or ''
  rows[#rows + 1] = { member, row, writes, whole and '1' or '0' }
  local checkpoint = checkpoint_of(row)
  if whole then
    want(checkpoint.links)
  elseif checkpoint.links ~= '' and string.sub(checkpoint.body, 1, 2) == '\1\1' then
    fetch(string.sub(checkpoint.links, 1, ID_BYTES))
  end
  for _, links in ipairs(links_of_writes(writes)) do want(links) end
end

-- Fetches what is wanted, and what that needs.
local function collected_segments()
  local next = 1
  while next <= #queue do
    local id = queue[next]
    next = next + 1
    if not expanded[id] then
      expanded[id] = true
      local value = fetch(id)
      if value ~= '' then want(links_of_segment(value)) end
    end
  end
  return segments
end
