-- ARGV: token, and where a run has ended with it: its key, its checkpoint (as text, and as rows have it), details, and the milliseconds that its record is kept from now
-- ('' to leave that as it is)
local _, _, refusal = find_thread()
if refusal then return refusal end
local lease = find_lease()
if lease.token ~= ARGV[1] or not lease.ends then return {'none'} end
local run = ARGV[2] and read_run(ARGV[2])
if run and not run.checkpoint and run.leases[#run.leases] == count_of(ARGV[1]) then
  run.checkpoint, run.details = ARGV[3], ARGV[5]
  if ARGV[6] ~= '' then run.expires = digits(now_ms() + ARGV[6]) end
  write_run(ARGV[2], run)
  pin(run, ARGV[4])
end
end_lease()
return {'released'}
