-- The state of a lease that may have ended: ended without a release, still live, or released.
local key, _, refusal = find_thread()
if refusal then return refusal end
local lease = find_lease()
if not key or not lease.ends then return {'released'} end
if lease.left > 0 then return {'live', digits(lease.left)} end
return {'ended', lease.token, lease.owner or '', digits(-lease.left)}
