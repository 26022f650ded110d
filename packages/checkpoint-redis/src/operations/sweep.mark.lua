-- ARGV: state in which the thread was seen
local key, _, refusal = find_thread()
if refusal then return refusal end
write_even_if_full()
-- Pruning has changed the state itself; later writes show in the time of the last write.
local seen = string.match(ARGV[1], '^(.*) [^ ]*$')
local state = key and state_of(key)
if state and string.match(state, '^(.*) [^ ]*$') == seen then redis.call('HSET', THREAD, 'swept', state) end
return {'done'}
