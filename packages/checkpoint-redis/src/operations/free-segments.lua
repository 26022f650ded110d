-- ARGV: required key of the thread
-- Frees the unreferenced segments of a small thread in one step, and deletes the thread if it is then empty.
local key, _, refusal = find_thread()
if refusal then return refusal end
if key ~= ARGV[1] then return {'gone'} end
if redis.call('HLEN', CHECKPOINTS) == tonumber(redis.call('HGET', THREAD, 'hidden') or 0) and redis.call('EXISTS', WRITES) == 0
  and find_lease().left <= 0 then
  local bytes = redis.call('HGET', THREAD, 'bytes') or '0'
  delete_thread()
  return {'ended', bytes}
end
-- This many take the server some 10 ms.
local MOST_ROWS, MOST_SEGMENTS = 1024, 8192
if redis.call('HLEN', CHECKPOINTS) + redis.call('HLEN', WRITES) > MOST_ROWS or redis.call('HLEN', SEGMENTS) > MOST_SEGMENTS then
  return {'large', state_of(key)}
end
local live, keyframes, queue = {}, {}, {}
local function mark(links)
  for at = 1, #links, LINK_BYTES do
    local id = string.sub(links, at, at + LINK_BYTES - 1)
    if not live[id] then
      live[id] = true
      queue[#queue + 1] = id
    end
  end
end
for _, row in ipairs(redis.call('HVALS', CHECKPOINTS)) do
  local links = part_of(row, LINKS)
  if has_keyframe(row) then keyframes[string.sub(links, 1, LINK_BYTES)] = true end
  mark(links)
end
for _, writes in ipairs(redis.call('HVALS', WRITES)) do
  for _, links in ipairs(links_of_writes(writes, true)) do mark(links) end
end
local next_id = 1
while next_id <= #queue do
  mark(links_of_stored(queue[next_id], keyframes[queue[next_id]]))
  next_id = next_id + 1
end
local bytes, dead = 0, {}
for _, id in ipairs(redis.call('HKEYS', SEGMENTS)) do
  if not live[id] then
    bytes = bytes + redis.call('HSTRLEN', SEGMENTS, id)
    dead[#dead + 1] = id
  end
end
for from = 1, #dead, 1000 do redis.call('HDEL', SEGMENTS, unpack(dead, from, math.min(#dead, from + 999))) end
if bytes > 0 then redis.call('HINCRBY', THREAD, 'bytes', -bytes) end
redis.call('HDEL', THREAD, 'unfreed')
return {'freed', digits(bytes)}
