-- A thread in a listing: its fields, number of checkpoints, and the number and task of each write slot of the root graph's latest checkpoint.
local key, _, refusal = find_whole_thread()
if refusal then return refusal end
if not key or redis.call('EXISTS', CHECKPOINTS, WRITES) == 0 then return {'none'} end
local lease = find_lease()
local slots = {}
local latest = redis.call('HGET', THREAD, 'latest:')
local writes = latest and redis.call('HGET', WRITES, '\0' .. latest) or ''
local at = FIRST_SLOT
while at <= #writes do
  slots[#slots + 1] = string.sub(writes, at + 8, at + 11)
  slots[#slots + 1] = (part_at(writes, at + 12))
  at = at + 4 + number_at(writes, at)
end
return {'found', redis.call('HGETALL', THREAD), digits(redis.call('HLEN', CHECKPOINTS)), lease.left > 0 and digits(lease.left) or '', slots}
