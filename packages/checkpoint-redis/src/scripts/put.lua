-- ARGV: expected key ('' for any), expected epoch, key of a new thread, ttl, namespace, checkpoint id, whether it is its own parent, row,
-- then per segment its id and value
local key, epoch, is_new = thread_to_write(ARGV[1], ARGV[2], ARGV[3])
if not key then return epoch end
local namespace, id, row = ARGV[5], ARGV[6], ARGV[8]
local member = namespace .. '\0' .. id
for i = 9, #ARGV, 2 do redis.call('HSETNX', SEGMENTS, ARGV[i], ARGV[i + 1]) end
if ARGV[7] == '1' then
  local before = redis.call('HGET', CHECKPOINTS, member)
  if before then
    local parent = parent_of(before)
    local _, rest = part_at(row, 1)
    row = number_bytes(#parent) .. parent .. string.sub(row, rest)
  end
end
redis.call('HSET', CHECKPOINTS, member, row)
-- One that is there already keeps its place.
if not redis.call('ZSCORE', ORDER, member) then
  redis.call('ZADD', ORDER, redis.call('HINCRBY', THREAD, 'commits', 1), member)
  redis.call('HSET', THREAD, 'latest:' .. namespace, id)
end
return {'stored', key, epoch, is_new, set_expiry(ARGV[4])}
