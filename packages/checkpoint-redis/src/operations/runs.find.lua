-- ARGV: key of the run
local _, _, refusal = find_thread()
if refusal then return refusal end
local run = read_run(ARGV[1])
return is_kept(run) and run_reply(run) or {'none'}
