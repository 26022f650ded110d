-- ARGV: token ('' for none), key of the thread to delete (a late delivery may find a newer one), time at which the caller gives up,
-- ids of other checkpoints to remember
local key, _, refusal = find_thread()
if refusal then return refusal end
if not key or key ~= ARGV[2] then return {'none'} end
if now_ms() > tonumber(ARGV[3]) then return {'late'} end
refusal = lease_refusal(ARGV[1])
if refusal then return refusal end
delete_thread({ unpack(ARGV, 4) })
return {'deleted'}
