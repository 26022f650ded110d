-- ARGV: token ('' for none)
local key, _, refusal = find_thread()
if refusal then return refusal end
refusal = key and lease_refusal(ARGV[1])
if refusal then return refusal end
delete_thread()
return {key and 'deleted' or 'none'}
