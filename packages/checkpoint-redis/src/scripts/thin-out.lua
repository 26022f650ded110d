-- ARGV: state that the thread must have, token ('' for none), how many of the following are to be hidden, then the members of checkpoints: those, and
-- then those to be removed
-- Answers the state of the thread now, the bytes of the rows that are gone, and whether there is no thread any more.
local key, epoch, refusal = find_thread()
if refusal then return refusal end
if not key or state_of(key) ~= ARGV[1] then return {'changed'} end
refusal = lease_refusal(ARGV[2])
if refusal then return refusal end

local bytes, hidden, removed = 0, 0, {}
local latest_lost = {}
local function goes_out_of_sight(member)
  local split = string.find(member, '\0', 1, true)
  local namespace = string.sub(member, 1, split - 1)
  if redis.call('HGET', THREAD, 'latest:' .. namespace) == string.sub(member, split + 1) then latest_lost[namespace] = true end
end
for i = 4, #ARGV do
  local member = ARGV[i]
  local row = redis.call('HGET', CHECKPOINTS, member)
  if row and i <= 3 + ARGV[3] then
    if not is_hidden(row) then
      local hiding = with_part(row, '1')
      redis.call('HSET', CHECKPOINTS, member, hiding)
      redis.call('HINCRBY', THREAD, 'bytes', #hiding - #row)
      hidden = hidden + 1
      goes_out_of_sight(member)
    end
  elseif row then
    if is_hidden(row) then hidden = hidden - 1 end
    removed[#removed + 1] = member
    bytes = bytes + #row
    redis.call('HINCRBY', THREAD, 'bytes', -#row)
    redis.call('HDEL', CHECKPOINTS, member)
    redis.call('ZREM', ORDER, member)
    bytes = bytes + drop_writes(member)
    goes_out_of_sight(member)
  end
end
if #removed > 0 then remember_pruned(removed) end
if hidden ~= 0 then redis.call('HINCRBY', THREAD, 'hidden', hidden) end
-- What links to segments that stand in the store is told to look again.
redis.call('HINCRBY', THREAD, 'epoch', 1)

-- The latest of a namespace is the newest that is left of it. Only a run that is taken out of its thread removes one that is not the last of its kind.
local lost = next(latest_lost) ~= nil
if lost then
  local newest = {}
  for namespace in pairs(latest_lost) do newest[namespace] = '' end
  local CHUNK, rank, left = 512, 0, 0
  for _ in pairs(latest_lost) do left = left + 1 end
  while left > 0 do
    local members = redis.call('ZREVRANGE', ORDER, rank, rank + CHUNK - 1)
    if #members == 0 then break end
    for _, member in ipairs(members) do
      local split = string.find(member, '\0', 1, true)
      local namespace = string.sub(member, 1, split - 1)
      if newest[namespace] == '' then
        local row = redis.call('HGET', CHECKPOINTS, member)
        if row and not is_hidden(row) then
          newest[namespace] = string.sub(member, split + 1)
          left = left - 1
        end
      end
    end
    rank = rank + CHUNK
  end
  for namespace, id in pairs(newest) do
    if id == '' then redis.call('HDEL', THREAD, 'latest:' .. namespace) else redis.call('HSET', THREAD, 'latest:' .. namespace, id) end
  end
end
return {'thinned', state_of(key), digits(bytes)}
