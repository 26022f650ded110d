-- ARGV: the request that acquired a lease, whose caller was told that it failed
-- Leaves the thread as it was before: free, or with a lease that has ended without a release.
local _, _, refusal = find_thread()
if refusal then return refusal end
local lease = find_lease()
if lease.left <= 0 or redis.call('HGET', THREAD, 'lease_request') ~= ARGV[1] then return {'none'} end
write_even_if_full()
if redis.call('HGET', THREAD, 'lease_follows') == '1' then
  hand_over(lease)
else
  end_lease()
end
return {'withdrawn'}
