-- ARGV: state of the thread that the page belongs to ('' for the first page), first rank, limit
-- Returns the state, for each checkpoint what retention needs, the rank of the next page ('' at the end), and whether an earlier prune left something to free.
local key, _, refusal = find_whole_thread()
if refusal then return refusal end
if not key then return {'none'} end
local state = state_of(key)
if ARGV[1] ~= '' and ARGV[1] ~= state then return {'changed'} end
local first, count = tonumber(ARGV[2]), tonumber(ARGV[3])
local members = redis.call('ZRANGE', ORDER, first, first + count - 1)
local rows, now = {}, now_ms()
-- Whether a run that has an idempotency key ended at a checkpoint, and its record is still kept.
local function is_outcome(member)
  local expires = string.byte(member, 1) == 0 and redis.call('HGET', THREAD, 'outcome:' .. id_of(member))
  return expires and (expires == '' or tonumber(expires) > now)
end
for i, member in ipairs(members) do
  local row = redis.call('HGET', CHECKPOINTS, member)
  if row then
    local metadata = part_of(row, METADATA)
    -- Metadata may be long, and is needed only if it mentions delta channels, or is that of an update.
    if not string.find(metadata, '"counters_since_delta_snapshot"', 1, true) and not string.find(metadata, '"source":"[uf]') then metadata = '' end
    local committed = tonumber(part_of(row, COMMITTED)) or now
    rows[#rows + 1] = { member, part_of(row, PARENT), part_of(row, LINEAGE), part_of(row, SNAPSHOTS), metadata, part_of(row, LABELS),
      redis.call('HEXISTS', WRITES, member), is_hidden(row) and 1 or 0, digits(math.max(0, now - committed)), part_of(row, WRITER), is_outcome(member) and 1 or 0 }
  end
end
return {'read', state, rows, #members == count and digits(first + count) or '', redis.call('HEXISTS', THREAD, 'unfreed')}
