-- The keys of one thread, in this order in every script. All carry the same hash tag, and all expire at the same millisecond.
local THREAD, CHECKPOINTS, ORDER, SEGMENTS, WRITES = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]

-- What this code reads and writes. A thread of a higher format is left alone.
local FORMAT = 1

-- The thread as it is: its key and epoch, and false where there is none. The third is the refusal of a thread that a newer version wrote.
local function find_thread()
  local found = redis.call('HMGET', THREAD, 'format', 'key', 'epoch')
  if found[1] and tonumber(found[1]) > FORMAT then return false, false, {'format', found[1]} end
  return found[2], found[3], nil
end

-- Begins a thread. What may be left of one whose record the server evicted is not a part of it.
local function begin_thread(key)
  redis.call('UNLINK', CHECKPOINTS, ORDER, SEGMENTS, WRITES)
  redis.call('HSET', THREAD, 'format', FORMAT, 'key', key, 'epoch', 0, 'commits', 0)
end

-- The thread that a write goes to: the one it expects, or, without an expectation, whichever is there, or a new one.
-- Returns key, epoch, and whether it was begun now; or false and what to answer.
local function thread_to_write(expected_key, expected_epoch, new_key)
  local key, epoch, refusal = find_thread()
  if refusal then return false, refusal end
  if expected_key ~= '' and (key ~= expected_key or epoch ~= expected_epoch) then return false, {'changed'} end
  if key then return key, epoch, '0' end
  begin_thread(new_key)
  return new_key, '0', '1'
end

local function expire_all_at(at)
  for _, key in ipairs(KEYS) do redis.call('PEXPIREAT', key, at) end
end

-- Sets when the thread expires. ttl: '' as it is; 'default <ms>' unless the thread has a time of its own; 'own <ms>' from now on;
-- 'own none' never. Time is the server's. Returns in how many milliseconds it expires, '' for never.
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
      for _, key in ipairs(KEYS) do redis.call('PERSIST', key) end
    end
    return ''
  end
  -- A key that this script made must expire with the others, whoever set their time.
  lasts = tonumber(lasts or redis.call('PTTL', THREAD))
  if lasts < 0 then return '' end
  local now = redis.call('TIME')
  expire_all_at(string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000) + lasts))
  return lasts
end
