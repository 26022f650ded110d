-- ARGV: expected key ('' for any), expected epoch, key of a new thread, token ('' for none), ttl, namespace, checkpoint id, call, life ('' for any),
-- lineage, whether it is its own parent, whether a head is expected, expected head ('' for none), row, writer ('' for none), number of the thread's labels, then per
-- label its field and value, then per segment its id and value
-- Also returns whether this call, in any of its tries, started the thread.
local namespace, id, call, row, writer = ARGV[6], ARGV[7], ARGV[8], ARGV[14], ARGV[15]
local first_label, first_segment = 17, 17 + 2 * ARGV[16]
local member = namespace .. '\0' .. id
local place = redis.call('ZSCORE', ORDER, member)
-- An earlier try was stored, and the checkpoint was pruned or deleted since.
local done = not place and redis.call('HMGET', TOMBSTONE, PRUNED .. member, id) or {}
if done[1] and was_carried_out(done[1], call) then return {'past'} end
local key, epoch, is_new
if done[2] and was_carried_out(done[2], call) then
  key, epoch = false, {'deleted', ''}
else
  key, epoch, is_new = thread_to_write(ARGV[1], ARGV[2], ARGV[3], ARGV[4], parts_of(ARGV[10]), ARGV[9], member)
end
if not key then
  if epoch[1] == 'deleted' then
    -- The put came too late: the checkpoint is deleted like its parent. Its writes may have arrived earlier, and started the thread again.
    redis.call('HSET', TOMBSTONE, id, call)
    drop_writes(member)
    if not find_lease().ends then delete_if_empty() end
    epoch[2] = redis.call('EXISTS', THREAD) == 0 and '1' or '0'
  end
  return epoch
end
local before = redis.call('HGET', CHECKPOINTS, member)
local calls = before and part_of(before, CALLS) or ''
if is_past(calls, call) then return {'past'} end
if ARGV[12] == '1' and not place and (redis.call('HGET', THREAD, 'latest:' .. namespace) or '') ~= ARGV[13] then return {'moved'} end
if not are_there({ part_of(row, LINKS) }, first_segment) then return {'lost'} end
local more_bytes = store_segments(first_segment)
local committed = before and part_of(before, COMMITTED) or ''
if ARGV[11] == '1' and before then
  local kept = part_of(before, PARENT)
  local _, rest = part_at(row, 1)
  row = number_bytes(#kept) .. kept .. string.sub(row, rest)
end
row = with_part(with_part(row, committed == '' and digits(now_ms()) or committed), with_call(calls, call))
-- One that is put again was made under the lease of its first put.
if before then writer = part_of(before, WRITER) end
if writer ~= '' then row = with_part(row, writer) end
redis.call('HSET', CHECKPOINTS, member, row)
redis.call('HINCRBY', THREAD, 'bytes', more_bytes + #row - (before and #before or 0))
local facts = { 'updated', stamp_now() }
for i = first_label, first_segment - 1 do facts[#facts + 1] = ARGV[i] end
-- The replaced checkpoint may have been the only one that links to a segment.
if before then facts[#facts + 1], facts[#facts + 2] = 'unfreed', 1 end
-- An existing checkpoint keeps its place.
if not place or is_new == '1' then
  redis.call('ZADD', ORDER, redis.call('HINCRBY', THREAD, 'commits', 1), member)
  facts[#facts + 1] = 'latest:' .. namespace
  facts[#facts + 1] = id
elseif before and is_hidden(before) then
  -- Put again as a whole, it becomes visible again.
  redis.call('HINCRBY', THREAD, 'hidden', -1)
  local latest = redis.call('HGET', THREAD, 'latest:' .. namespace)
  if not latest or tonumber(redis.call('ZSCORE', ORDER, namespace .. '\0' .. latest)) < tonumber(place) then
    facts[#facts + 1] = 'latest:' .. namespace
    facts[#facts + 1] = id
  end
end
redis.call('HSET', THREAD, unpack(facts))
return {'stored', key, epoch, key == ARGV[3] and '1' or '0', set_expiry(ARGV[5])}
