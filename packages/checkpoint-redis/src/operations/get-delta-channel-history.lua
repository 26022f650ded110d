-- ARGV: namespace, checkpoint id ('' for the latest), key of the thread of earlier readings ('' for the first), channels
-- Also returns the checkpoint to continue from ('' at the end of the walk), and the channels that are still wanted.
local key, epoch, refusal = find_whole_thread()
if refusal then return refusal end
if not key or (ARGV[3] ~= '' and ARGV[3] ~= key) then return {'none'} end
local namespace, id = ARGV[1], ARGV[2]
if id == '' then id = redis.call('HGET', THREAD, 'latest:' .. namespace) end
local wanted = {}
local wanted_count = 0
for i = 4, #ARGV do
  if not wanted[ARGV[i]] then wanted_count = wanted_count + 1 end
  wanted[ARGV[i]] = true
end

-- Reading this many takes the server some 10 ms.
local MOST_ANCESTORS = 1024
local ancestors = 0
local row = id and redis.call('HGET', CHECKPOINTS, namespace .. '\0' .. id)
local at = row and tonumber(redis.call('ZSCORE', ORDER, namespace .. '\0' .. id))
while row and wanted_count > 0 and ancestors < MOST_ANCESTORS do
  local parent = part_of(row, PARENT)
  local member = namespace .. '\0' .. parent
  local parent_at = parent ~= '' and tonumber(redis.call('ZSCORE', ORDER, member) or nil)
  -- An ancestor was committed before its child, so a loop of parents in damaged data ends.
  if not parent_at or parent_at >= at then
    row = false
    break
  end
  id, at = parent, parent_at
  row = redis.call('HGET', CHECKPOINTS, member)
  if row then
    local values = 'names'
    for _, channel in ipairs(parts_of(part_of(row, SNAPSHOTS))) do
      if wanted[channel] then
        wanted[channel] = nil
        wanted_count = wanted_count - 1
        values = 'all'
      end
    end
    add_checkpoint(member, row, values)
    ancestors = ancestors + 1
  end
end
local still_wanted = {}
for channel in pairs(wanted) do still_wanted[#still_wanted + 1] = channel end
local go_on = row and wanted_count > 0
return answer(key, epoch, go_on and id or '', still_wanted)
