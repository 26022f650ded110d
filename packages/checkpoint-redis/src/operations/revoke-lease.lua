-- ARGV: reason, what tells this request from all others
-- Answers the counted part of the token, and the owner, '' for none. A thread with nothing in it stays until its next lease is released, for the note.
local key, _, refusal = find_thread()
if refusal then return refusal end
if not key then return {'none'} end
-- The same request again, whose answer was lost.
local ended = end_with('request', ARGV[2])
if ended then return {'revoked', ended.lease, ended.owner} end
local lease = find_lease()
if not lease.ends then return {'none'} end
write_even_if_full()
note_end(lease, 'revoked', ARGV[1], ARGV[2], false)
redis.call('HDEL', THREAD, 'lease_owner', 'lease_until', 'lease_tries', 'lease_request', 'lease_follows', 'lease_run')
return {'revoked', count_of(lease.token), lease.owner or ''}
