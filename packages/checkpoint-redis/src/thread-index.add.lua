-- KEYS: a shard's threads by creation, by expiry, and by when they were written to. ARGV: thread id, milliseconds after which it has surely expired (''
-- for never), what is known: 'default' (only what the writer would set), 'own' (the thread's own time to live), 'exact' (what the thread has),
-- 'anew' (the thread is new, and an entry of an earlier one may exist); whether it is written to.
-- Returns whether the entry is new, its creation, the milliseconds until it expires ('' for never), and those until the minute ends.
local now = redis.call('TIME')
local micros = now[1] * 1000000 + now[2]
local millis = math.floor(micros / 1000)
local known = ARGV[3]
local created, expires = redis.call('ZSCORE', KEYS[1], ARGV[1]), tonumber(redis.call('ZSCORE', KEYS[2], ARGV[1]) or nil)
local is_new = not created
local wanted = ARGV[2] ~= '' and millis + ARGV[2] or nil
if is_new or known == 'anew' then
  created = string.format('%.0f', micros)
  redis.call('ZADD', KEYS[1], created, ARGV[1])
  expires = wanted
-- Other processes remember how long an entry lasts. So its life is never shortened, unless it was to last forever.
elseif not wanted then
  if known ~= 'default' then expires = nil end
elseif expires then
  expires = math.max(expires, wanted)
elseif known == 'exact' then
  expires = wanted
end
if expires then
  redis.call('ZADD', KEYS[2], string.format('%.0f', expires), ARGV[1])
else
  redis.call('ZREM', KEYS[2], ARGV[1])
end
local MINUTE_MS = 60000
if is_new or known == 'anew' or ARGV[4] == '1' then
  redis.call('ZADD', KEYS[3], string.format('%.0f', millis - millis % MINUTE_MS), ARGV[1])
end
-- Each new thread removes some expired ones, so that their ids do not pile up.
local MOST_CLEARED = 100
for _, expired in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', millis, 'LIMIT', 0, MOST_CLEARED)) do
  for n = 1, 3 do redis.call('ZREM', KEYS[n], expired) end
end
return {'indexed', is_new and '1' or '0', created, expires and string.format('%.0f', expires - millis) or '', string.format('%.0f', MINUTE_MS - millis % MINUTE_MS)}
