-- ARGV: milliseconds that must have passed since the last write
local key, _, refusal = find_whole_thread()
if refusal then return refusal end
if not key then return {'none'} end
if idle_ms() < tonumber(ARGV[1]) then return {'kept'} end
if find_lease().left > 0 then return {'busy'} end
delete_thread()
return {'deleted'}
