-- ARGV: milliseconds for which it must not have been written to
local key, _, refusal = find_thread()
if refusal then return refusal end
if not key or find_lease().left > 0 or idle_ms() < tonumber(ARGV[1]) then return {'kept'} end
delete_thread()
return {'deleted'}
