-- ARGV: required state of the thread, token ('' for none), how many namespaces have another latest checkpoint then, how many checkpoints are to be
-- hidden, per such namespace its name and the id ('' for none), the members of those to be hidden, and then of those to be removed
-- Returns the new state of the thread, and the bytes of the removed rows.
local key, _, refusal = find_whole_thread()
if refusal then return refusal end
if not key or state_of(key) ~= ARGV[1] then return {'changed'} end
refusal = lease_refusal(ARGV[2])
if refusal then return refusal end

write_even_if_full()
local bytes, rows_bytes, hidden, removed, remembered = 0, 0, 0, {}, {}
local first_member = 5 + 2 * ARGV[3]
for i = 5, first_member - 1, 2 do
  if ARGV[i + 1] == '' then redis.call('HDEL', THREAD, 'latest:' .. ARGV[i]) else redis.call('HSET', THREAD, 'latest:' .. ARGV[i], ARGV[i + 1]) end
end
for i = first_member, #ARGV do
  local member = ARGV[i]
  local row = redis.call('HGET', CHECKPOINTS, member)
  if row and i < first_member + ARGV[4] then
    if not is_hidden(row) then
      local hiding = as_hidden(row)
      redis.call('HSET', CHECKPOINTS, member, hiding)
      redis.call('HINCRBY', THREAD, 'bytes', #hiding - #row)
      hidden = hidden + 1
    end
  elseif row then
    if is_hidden(row) then hidden = hidden - 1 end
    removed[#removed + 1] = member
    remembered[#remembered + 1] = member
    remembered[#remembered + 1] = part_of(row, CALLS)
    rows_bytes = rows_bytes + #row
    bytes = bytes + drop_writes(member)
  end
end
if #removed > 0 then
  redis.call('HDEL', CHECKPOINTS, unpack(removed))
  redis.call('ZREM', ORDER, unpack(removed))
  redis.call('HINCRBY', THREAD, 'bytes', -rows_bytes)
  remember_pruned(remembered)
end
if hidden ~= 0 then redis.call('HINCRBY', THREAD, 'hidden', hidden) end
-- Writers that link to stored segments must read the thread again.
redis.call('HINCRBY', THREAD, 'epoch', 1)
-- Until the segments are freed: the pruning process may die before.
redis.call('HSET', THREAD, 'unfreed', 1)
return {'pruned', state_of(key), digits(bytes + rows_bytes)}
