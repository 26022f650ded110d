-- ARGV: expected key ('' for any), expected epoch, key of a new thread, token ('' for none), ttl, namespace, checkpoint id, parent id ('' for none),
-- whether it is its own parent, whether a head is expected, expected head ('' for none), row, then per segment its id and value
local namespace, id, parent, row = ARGV[6], ARGV[7], ARGV[8], ARGV[12]
local member = namespace .. '\0' .. id
local place = redis.call('ZSCORE', ORDER, member)
local key, epoch, is_new = thread_to_write(ARGV[1], ARGV[2], ARGV[3], ARGV[4], namespace .. '\0' .. parent, parent)
if not key then
  if epoch[1] == 'deleted' then
    -- It came too late, and is as deleted as the checkpoint it builds on. Writes to it may have come before it, and begun the thread anew.
    redis.call('SADD', TOMBSTONE, id)
    redis.call('HDEL', WRITES, member)
    if not find_lease().ends then end_if_empty() end
    epoch[2] = redis.call('EXISTS', THREAD) == 0 and '1' or '0'
  end
  return epoch
end
if ARGV[10] == '1' and not place and (redis.call('HGET', THREAD, 'latest:' .. namespace) or '') ~= ARGV[11] then return {'moved'} end
if not are_there({ part_of(row, LINKS) }, 13) then return {'lost'} end
for i = 13, #ARGV, 2 do redis.call('HSETNX', SEGMENTS, ARGV[i], ARGV[i + 1]) end
if ARGV[9] == '1' then
  local before = redis.call('HGET', CHECKPOINTS, member)
  if before then
    local kept = part_of(before, PARENT)
    local _, rest = part_at(row, 1)
    row = number_bytes(#kept) .. kept .. string.sub(row, rest)
  end
end
redis.call('HSET', CHECKPOINTS, member, row)
-- One that is there already keeps its place.
if not place or is_new == '1' then
  redis.call('ZADD', ORDER, redis.call('HINCRBY', THREAD, 'commits', 1), member)
  redis.call('HSET', THREAD, 'latest:' .. namespace, id)
end
return {'stored', key, epoch, is_new, set_expiry(ARGV[5])}
