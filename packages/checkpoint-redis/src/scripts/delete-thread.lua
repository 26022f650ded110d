-- ARGV: token ('' for none), key of the thread that is meant: another one has begun since, where this comes late
local key, _, refusal = find_thread()
if refusal then return refusal end
if not key or key ~= ARGV[2] then return {'none'} end
refusal = lease_refusal(ARGV[1])
if refusal then return refusal end
delete_thread()
return {'deleted'}
