-- The keys of one thread, in this order in every script. All carry the same hash tag. The first five expire at the same millisecond; the tombstone
-- keeps the ids of deleted and pruned checkpoints, and the calls that wrote them, for a day.
local THREAD, CHECKPOINTS, ORDER, SEGMENTS, WRITES, TOMBSTONE = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local PARTS = 5

-- The format that this code reads and writes. Threads of a higher format are left alone.
local FORMAT = 1

-- Read once: a script runs at one instant, so a thread is not older than its first checkpoint.
local NOW = redis.call('TIME')

local function now_ms()
  return NOW[1] * 1000 + math.floor(NOW[2] / 1000)
end

-- An integer as text: Lua would write 1.7e+15.
local function digits(number)
  return string.format('%.0f', number)
end

-- The microsecond of a thread's last write, which also identifies its state, because no two scripts run in one microsecond.
local function stamp_now()
  return digits(NOW[1] * 1000000 + NOW[2])
end

-- The thread's key and epoch; false if there is none. Third, the refusal of a thread that a newer version wrote. Fourth, the token of the lease under which it is
-- being migrated from another saver; false if it is complete.
local function find_thread()
  local found = redis.call('HMGET', THREAD, 'format', 'key', 'epoch', 'migration_token')
  if found[1] and tonumber(found[1]) > FORMAT then return false, false, {'format', found[1]} end
  return found[2], found[3], nil, found[4]
end

-- The same, but false for an incomplete thread.
local function find_whole_thread()
  local key, epoch, refusal, migration_token = find_thread()
  if migration_token then return false, false, nil end
  return key, epoch, refusal
end

-- A server that is full refuses a script's first write, but none after one that frees memory, even if there was nothing to free. For what gives free, or
-- takes away.
local function write_even_if_full()
  redis.call('HDEL', THREAD, '')
end

-- Starts a thread, without leftovers of one whose record the server evicted.
local function begin_thread(key)
  -- Only if needed: a full server refuses a script's first write, but none after a write that frees memory.
  if redis.call('EXISTS', CHECKPOINTS, ORDER, SEGMENTS, WRITES) > 0 then redis.call('UNLINK', CHECKPOINTS, ORDER, SEGMENTS, WRITES) end
  local stamp = stamp_now()
  redis.call('HSET', THREAD, 'format', FORMAT, 'key', key, 'epoch', 0, 'commits', 0, 'created', stamp, 'updated', stamp)
end

-- Deletes an empty thread.
local function delete_if_empty()
  if redis.call('EXISTS', CHECKPOINTS, WRITES) == 0 then redis.call('UNLINK', THREAD, ORDER, SEGMENTS) end
end

-- So many digits at the end of a token are random, before them a number that is counted (TOKEN_SUFFIX_DIGITS in core's lease.ts).
local function count_of(token)
  return string.sub(token, 1, -19)
end

-- The thread's lease, and whether it is live.
local function find_lease()
  local found = redis.call('HMGET', THREAD, 'lease_token', 'lease_owner', 'lease_until', 'lease_tries', 'lease_run')
  local lease = { token = found[1], owner = found[2], ends = tonumber(found[3] or nil), tries = tonumber(found[4] or 0), run = found[5] }
  lease.left = lease.ends and lease.ends - now_ms() or 0
  return lease
end

-- Releases the lease; a thread without any writes ends with it.
local function end_lease()
  redis.call('HDEL', THREAD, 'lease_owner', 'lease_until', 'lease_tries', 'lease_request', 'lease_follows', 'lease_run')
  delete_if_empty()
end

-- Ends the lease now, without a release. The next lease has the same number of tries.
local function hand_over(lease)
  redis.call('HSET', THREAD, 'lease_until', digits(now_ms()), 'lease_tries', digits(lease.tries - 1))
end

-- The leases that were ended before their time, the last first: count, kind, reason, owner, at, and the request that did it. So their holders learn why.
local MOST_ENDS = 8
local function lease_ends()
  local ends = redis.call('HGET', THREAD, 'lease_ends')
  return ends and cjson.decode(ends) or {}
end

local function end_with(name, value)
  for _, each in ipairs(lease_ends()) do
    if each[name] == value then return each end
  end
  return nil
end

local function note_end(lease, kind, reason, request, is_rollback)
  local ends = lease_ends()
  table.insert(ends, 1, { lease = count_of(lease.token), kind = kind, reason = reason, owner = lease.owner or '', at = stamp_now(), request = request, rollback = is_rollback })
  ends[MOST_ENDS + 1] = nil
  redis.call('HSET', THREAD, 'lease_ends', cjson.encode(ends))
end

local function busy(lease)
  return {'busy', lease.owner or '', digits(math.max(0, lease.left))}
end

-- Why the lease refuses a write: a live lease lets only its own token write, and a token writes only while its lease is live.
local function lease_refusal(token)
  local lease = find_lease()
  if token == '' then
    return lease.left > 0 and busy(lease) or nil
  end
  if lease.token == token and lease.left > 0 then return nil end
  local ended = end_with('lease', count_of(token))
  return ended and {'lease-lost', ended.kind, ended.reason} or {'lease-lost'}
end

-- The id of a checkpoint, of its namespace and id.
local function id_of(member)
  return string.sub(member, string.find(member, '\0', 1, true) + 1)
end

-- Whether the thread that a write belongs to was deleted: a checkpoint of its lineage is missing, and the tombstone names it; or the thread has another key ('' for
-- any), and lacks this checkpoint, which can be the first of a new run only if the tombstone does not name it.
local function is_late(key, lineage, life, member)
  for _, each in ipairs(lineage) do
    if redis.call('HEXISTS', TOMBSTONE, id_of(each)) == 1 and redis.call('HEXISTS', CHECKPOINTS, each) == 0 then return true end
  end
  if life == '' or key == life or redis.call('HEXISTS', CHECKPOINTS, member) == 1 then return false end
  -- The first checkpoint of a new id may start a new run, unless it is a subgraph's: only the root's member starts with NUL, after an empty namespace.
  if #lineage == 0 and string.byte(member, 1) == 0 then return redis.call('HEXISTS', TOMBSTONE, id_of(member)) == 1 end
  return redis.call('EXISTS', TOMBSTONE) == 1
end

-- How a tombstone marks a pruned checkpoint: no id of this length without a leading NUL looks like it.
local PRUNED = 'pruned checkpoint '
local MOST_REMEMBERED, REMEMBERED_FOR_MS = 1024, 86400000

-- Whether a checkpoint was pruned, so that nobody would read what is written to it.
local function is_pruned(member)
  return redis.call('HEXISTS', TOMBSTONE, PRUNED .. member) == 1 and redis.call('HEXISTS', CHECKPOINTS, member) == 0
end

-- The thread that a write goes to: the expected one, or, without an expectation, the existing one or a new one.
-- Returns key, epoch, and whether it is new; or false and the refusal: after 'deleted', whether there is no thread now.
local function thread_to_write(expected_key, expected_epoch, new_key, token, lineage, life, member)
  local key, epoch, refusal, migration_token = find_thread()
  if refusal then return false, refusal end
  if expected_key ~= '' and (key ~= expected_key or epoch ~= expected_epoch) then return false, {'changed'} end
  refusal = lease_refusal(token)
  if refusal then return false, refusal end
  if migration_token and migration_token ~= token then return false, {'incomplete'} end
  if is_late(key, lineage, life, member) then return false, {'deleted', key and '0' or '1'} end
  if key then return key, epoch, '0' end
  begin_thread(new_key)
  return new_key, '0', '1'
end

-- Sets when the thread expires, by the server's clock. ttl: '' no change; 'default <ms>' unless the thread has its own; 'own <ms>' its own from now on;
-- 'own none' never. Returns the milliseconds until it expires, '' for never.
local function set_expiry(ttl)
  local own = redis.call('HGET', THREAD, 'ttl')
  local kind, time = string.match(ttl, '^(%l+) (.+)$')
  if kind == 'own' then
    redis.call('HSET', THREAD, 'ttl', time)
    own = time
  end
  local lasts = own or (kind == 'default' and time)
  if lasts == 'none' then
    if redis.call('PTTL', THREAD) >= 0 then
      for part = 1, PARTS do redis.call('PERSIST', KEYS[part]) end
    end
    return ''
  end
  -- A new key must expire with the others.
  lasts = tonumber(lasts or redis.call('PTTL', THREAD))
  if lasts < 0 then return '' end
  local at = digits(now_ms() + lasts)
  for part = 1, PARTS do redis.call('PEXPIREAT', KEYS[part], at) end
  return digits(lasts)
end

-- The time since the thread's last write.
local function idle_ms()
  local updated = tonumber(redis.call('HGET', THREAD, 'updated') or nil)
  return updated and math.floor((tonumber(stamp_now()) - updated) / 1000) or 0
end
