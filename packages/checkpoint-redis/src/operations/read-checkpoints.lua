-- ARGV: required key and epoch of the thread, known segments, wanted segments
-- The rest of a reading that was too large for one script. Segments never change, so the parts fit while the thread is the same.
local key, epoch, refusal = find_thread()
if refusal then return refusal end
if key ~= ARGV[1] or epoch ~= ARGV[2] then return {'changed'} end
skip_known(ARGV[3])
want(ARGV[4])
return answer(key, epoch)
