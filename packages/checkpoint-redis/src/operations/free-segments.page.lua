-- ARGV: required state of the thread, first rank, limit
-- Returns the ids of keyframes, the links of rows, the members of writes without a checkpoint (with the last page), and the rank of the next page.
local key, _, refusal = find_thread()
if refusal then return refusal end
if not key or state_of(key) ~= ARGV[1] then return {'changed'} end
local first, count = tonumber(ARGV[2]), tonumber(ARGV[3])
local members = redis.call('ZRANGE', ORDER, first, first + count - 1)
local keyframes, links = {}, {}
local function add_writes(member)
  local writes = redis.call('HGET', WRITES, member)
  if writes then for _, list in ipairs(links_of_writes(writes, true)) do links[#links + 1] = list end end
end
for _, member in ipairs(members) do
  local row = redis.call('HGET', CHECKPOINTS, member)
  if row then
    local list = part_of(row, LINKS)
    if has_keyframe(row) then keyframes[#keyframes + 1] = string.sub(list, 1, LINK_BYTES) end
    links[#links + 1] = list
  end
  add_writes(member)
end
if #members == count then return {'read', table.concat(keyframes), table.concat(links), digits(first + count)} end
for _, member in ipairs(redis.call('HKEYS', WRITES)) do
  if redis.call('HEXISTS', CHECKPOINTS, member) == 0 then add_writes(member) end
end
return {'read', table.concat(keyframes), table.concat(links), ''}
