-- ARGV: how many checkpoints the thread must have, creation and last write ('' but for the last page), how many labels of the thread, then field and value
-- of each, then per checkpoint its member, labels and when it was committed
-- What has gone on in between keeps its own history. Labels that are there stay.
local key, _, refusal = find_thread()
if refusal then return refusal end
if not key or redis.call('HLEN', CHECKPOINTS) ~= tonumber(ARGV[1]) then return {'another'} end
local first = 5 + 2 * ARGV[4]
local more_bytes = 0
for i = first, #ARGV, 3 do
  local row = redis.call('HGET', CHECKPOINTS, ARGV[i])
  if row then
    local parts = parts_of(row)
    if (parts[LABELS] or '') == '' then parts[LABELS] = ARGV[i + 1] end
    parts[COMMITTED] = ARGV[i + 2]
    for n, part in ipairs(parts) do parts[n] = number_bytes(#part) .. part end
    local changed = table.concat(parts)
    more_bytes = more_bytes + #changed - #row
    redis.call('HSET', CHECKPOINTS, ARGV[i], changed)
  end
end
redis.call('HINCRBY', THREAD, 'bytes', more_bytes)
if ARGV[2] ~= '' then
  for i = 5, first - 1, 2 do redis.call('HSETNX', THREAD, ARGV[i], ARGV[i + 1]) end
  redis.call('HSET', THREAD, 'created', ARGV[2], 'updated', ARGV[3])
end
return {'adopted'}
