-- ARGV: ttl ('' if reading does not renew it, 'same' for the thread's own), namespace, checkpoint id ('' for the latest),
-- id, body and links of a checkpoint whose values the client has ('' for none), whether to read an incomplete thread
local key, epoch, refusal = (ARGV[7] == '1' and find_thread or find_whole_thread)()
if refusal then return refusal end
if not key then return {'none'} end
local id = ARGV[3]
if id == '' then id = redis.call('HGET', THREAD, 'latest:' .. ARGV[2]) end
if not id then return {'none'} end
local member = ARGV[2] .. '\0' .. id
local row = redis.call('HGET', CHECKPOINTS, member)
if not row or is_hidden(row) then return {'none'} end
local is_cached = id == ARGV[4] and part_of(row, BODY) == ARGV[5] and part_of(row, LINKS) == ARGV[6]
add_checkpoint(member, row, is_cached and 'none' or 'all')
return answer(key, epoch, ARGV[1] ~= '' and set_expiry(ARGV[1]) or '')
