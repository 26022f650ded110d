-- How a lease that may have ended stands: ended without a release, still live, or released.
local key = find_thread()
local lease = find_lease()
if not key or not lease.ends then return {'released'} end
if lease.left > 0 then return {'live', digits(lease.left)} end
return {'ended', lease.token, lease.owner or '', digits(-lease.left)}
