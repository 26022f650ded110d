-- The record of a run that has an idempotency key: its input, leases, expiry and place among the records that expire; and, once it has ended, its checkpoint and details.
local function read_run(key)
  local found = redis.call('HGET', THREAD, 'run:' .. key)
  return found and cjson.decode(found)
end

local function is_kept(run)
  return run and not (run.expires and tonumber(run.expires) <= now_ms())
end

local function write_run(key, run)
  redis.call('HSET', THREAD, 'run:' .. key, cjson.encode(run))
end

-- Tells a prune that a checkpoint is the outcome of a run, until then ('' for ever).
local function pin(run, id)
  redis.call('HSET', THREAD, 'outcome:' .. id, run.expires or '')
end

-- Forgets records whose time is up, some at a time, the oldest first.
local MOST_FORGOTTEN = 16
local function forget_runs()
  for _ = 1, MOST_FORGOTTEN do
    local first = redis.call('HGET', THREAD, 'runs_first') or '1'
    local key = redis.call('HGET', THREAD, 'run_at:' .. first)
    if not key then return end
    local run = read_run(key)
    if run and run.place == first then
      if is_kept(run) then return end
      redis.call('HDEL', THREAD, 'run:' .. key)
    end
    redis.call('HDEL', THREAD, 'run_at:' .. first)
    redis.call('HSET', THREAD, 'runs_first', digits(first + 1))
  end
end

local function has(list, value)
  for _, each in ipairs(list) do
    if each == value then return true end
  end
  return false
end

local function run_reply(run)
  local overtaken_by = ''
  for _, each in ipairs(lease_ends()) do
    if each.kind == 'overtaken' and has(run.leases, each.lease) then overtaken_by = each.reason end
  end
  return {'run', run.input, run.leases, run.checkpoint or '', run.details or '', overtaken_by}
end
