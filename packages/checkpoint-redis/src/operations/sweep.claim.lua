-- KEYS: the sweeper. ARGV: token of the sweep to continue ('' to start one), token of a new one, milliseconds
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = redis.call('HMGET', KEYS[1], 'token', 'until', 'cursor')
local is_live = found[2] and tonumber(found[2]) > now
local token = ARGV[1] == '' and ARGV[2] or ARGV[1]
-- A retry after a lost answer gets the same result.
if is_live and found[1] ~= token then return {'busy'} end
if not is_live and ARGV[1] ~= '' then return {'busy'} end
-- A server that is full refuses a script's first write, but none after one that frees memory, even if there was nothing to free.
redis.call('HDEL', KEYS[1], '')
redis.call('HSET', KEYS[1], 'token', token, 'until', string.format('%.0f', now + ARGV[3]))
return {'claimed', token, found[3] or ''}
