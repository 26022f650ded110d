-- KEYS: a shard's leases by when they end. ARGV: thread id, milliseconds. Returns the entry, which is needed to remove it.
local now = redis.call('TIME')
local ends = now[1] * 1000000 + now[2] + ARGV[2] * 1000
-- A request for a lease may fail. So it never postpones an existing entry, or repeated requests would hide a lease that has ended; but
-- it replaces the entry, so that the previous holder does not remove it. An entry that comes up too early is moved to its place.
local there = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or nil)
if there and there <= ends then ends = there - 1 end
ends = string.format('%.0f', ends)
-- So that a thread is given free on a server that is full, too: it refuses a script's first write, but none after one that frees memory.
if ARGV[2] == '0' then redis.call('ZREM', KEYS[1], '') end
redis.call('ZADD', KEYS[1], ends, ARGV[1])
return {'noted', ends}
