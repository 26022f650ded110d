-- KEYS: a shard's leases by when they end. ARGV: thread id, the entry, milliseconds until it comes up ('' to remove it).
-- Leaves an entry of a later lease alone.
if redis.call('ZSCORE', KEYS[1], ARGV[1]) ~= ARGV[2] then return {'changed'} end
if ARGV[3] == '' then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  -- A server that is full refuses a script's first write, but none after one that frees memory, even if there was nothing to free.
  redis.call('ZREM', KEYS[1], '')
  local now = redis.call('TIME')
  redis.call('ZADD', KEYS[1], string.format('%.0f', now[1] * 1000000 + now[2] + ARGV[3] * 1000), ARGV[1])
end
return {'done'}
