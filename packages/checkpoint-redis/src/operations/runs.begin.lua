-- ARGV: token, key of the run, its input ('' to go on with it only), milliseconds that its record is kept ('' for as long as the thread), whether it begins anew
local _, _, refusal = find_thread()
if refusal then return refusal end
refusal = lease_refusal(ARGV[1])
if refusal then return refusal end
local token, key, input = ARGV[1], ARGV[2], ARGV[3]
forget_runs()
redis.call('HSET', THREAD, 'lease_run', key)
local run = read_run(key)
local expires = ARGV[4] ~= '' and digits(now_ms() + ARGV[4]) or nil
if not is_kept(run) and input == '' then return {'none'} end
if not is_kept(run) or ARGV[5] == '1' then
  run = { input = input, leases = {} }
  if expires then
    run.place = digits(redis.call('HINCRBY', THREAD, 'runs_last', 1))
    redis.call('HSET', THREAD, 'run_at:' .. run.place, key)
  end
end
if not run.checkpoint and (input == '' or run.input == input) then
  local count = count_of(token)
  if not has(run.leases, count) then table.insert(run.leases, count) end
  if input ~= '' then run.expires = expires end
  write_run(key, run)
end
return run_reply(run)
