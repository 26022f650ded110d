-- ARGV: token
local _, _, refusal = find_thread()
if refusal then return refusal end
local lease = find_lease()
if lease.token ~= ARGV[1] or not lease.ends then return {'none'} end
end_lease()
return {'released'}
