-- ARGV: state in which the thread was seen
local key, _, refusal = find_thread()
if refusal then return refusal end
write_even_if_full()
-- Thinning out has changed the state itself; what was written since then shows in when the thread was updated.
local seen = string.match(ARGV[1], '^(.*) [^ ]*$')
local state = key and state_of(key)
if state and string.match(state, '^(.*) [^ ]*$') == seen then redis.call('HSET', THREAD, 'swept', state) end
return {'done'}
