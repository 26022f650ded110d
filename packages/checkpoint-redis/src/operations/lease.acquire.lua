-- ARGV: milliseconds, owner, token of the ended lease ('' for any free thread), key of a new thread, which also distinguishes this request from
-- others, ttl, the random digits of a token, 'interrupt' or 'rollback' to take the thread also from its holder, unless that is a migration or the same run, key
-- of the run that is to have the lease ('' for none)
-- Also returns the milliseconds until the thread expires ('' for never, and for an empty thread), its key, and the counted parts of tokens: of the live lease
-- that was taken, and of those whose rollback this may have interrupted.
local key, _, refusal, migration_token = find_thread()
if refusal then return refusal end
local lease = find_lease()
local function overtaken_by(request)
  local counts = {}
  if not end_with('request', request) then return counts end
  for _, each in ipairs(lease_ends()) do
    if each.request == request or each.rollback then counts[#counts + 1] = each.lease end
  end
  return counts
end
-- A retry: the answer was lost or late, or too few replicas had the write. It already has the lease.
if lease.left > 0 and redis.call('HGET', THREAD, 'lease_request') == ARGV[4] then
  redis.call('HSET', THREAD, 'lease_until', digits(now_ms() + ARGV[1]))
  local lasts = set_expiry(ARGV[5])
  return {'granted', lease.token, digits(lease.tries), redis.call('EXISTS', CHECKPOINTS, WRITES) > 0 and lasts or '', key,
    overtaken_by(ARGV[4])}
end
local is_same_run = ARGV[8] ~= '' and lease.run == ARGV[8]
if lease.left > 0 and (ARGV[7] == '' or migration_token or is_same_run) then
  local answer = busy(lease)
  answer[4] = is_same_run and '1' or '0'
  return answer
end
if ARGV[3] ~= '' and not (lease.ends and lease.token == ARGV[3]) then return busy(lease) end
if not key then
  key = ARGV[4]
  begin_thread(key)
end
-- The microsecond, so that tokens grow even if a thread was deleted and started again.
local count = lease.token and tonumber(string.sub(lease.token, 1, -1 - #ARGV[6])) or 0
local token = digits(math.max(tonumber(stamp_now()), count + 1)) .. ARGV[6]
local tries = lease.left > 0 and lease.tries or lease.ends and lease.tries + 1 or 0
if lease.left > 0 then note_end(lease, 'overtaken', ARGV[2], ARGV[4], ARGV[7] == 'rollback') end
redis.call('HSET', THREAD, 'lease_token', token, 'lease_owner', ARGV[2], 'lease_until', digits(now_ms() + ARGV[1]), 'lease_tries', tries,
  'lease_request', ARGV[4], 'lease_follows', lease.ends and '1' or '0')
if ARGV[3] == '' then
  if ARGV[8] == '' then redis.call('HDEL', THREAD, 'lease_run') else redis.call('HSET', THREAD, 'lease_run', ARGV[8]) end
end
local lasts = set_expiry(ARGV[5])
return {'granted', token, tostring(tries), redis.call('EXISTS', CHECKPOINTS, WRITES) > 0 and lasts or '', key, overtaken_by(ARGV[4]),
  lease.ends and lease.run or ''}
