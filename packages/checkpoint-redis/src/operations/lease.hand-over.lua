-- ARGV: token
local _, _, refusal = find_thread()
if refusal then return refusal end
local lease = find_lease()
if lease.token ~= ARGV[1] or lease.left <= 0 then return {'none'} end
write_even_if_full()
hand_over(lease)
return {'handed-over'}
