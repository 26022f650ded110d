-- KEYS: a shard's leases by when they end. ARGV: thread id, milliseconds. Answers the note: what is needed to take it back.
local now = redis.call('TIME')
local ends = now[1] * 1000000 + now[2] + ARGV[2] * 1000
-- Whoever asks for a lease may not get it. So a note that is there is never put off, or one who asks again and again would hide a lease that has ended; but
-- it is another one, which the holder before does not take back. Looked at too early, it is moved to where it belongs.
local there = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or nil)
if there and there <= ends then ends = there - 1 end
ends = string.format('%.0f', ends)
-- So that a thread is given free on a server that is full, too: it refuses a script's first write, but none after one that frees memory.
if ARGV[2] == '0' then redis.call('ZREM', KEYS[1], '') end
redis.call('ZADD', KEYS[1], ends, ARGV[1])
return {'noted', ends}
