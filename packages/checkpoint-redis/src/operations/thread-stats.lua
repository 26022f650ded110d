-- The size of a thread: checkpoints, segments, batches of pending writes, bytes, when the oldest checkpoint was committed ('' for none), and how many were committed
-- within the last day.
local key, _, refusal = find_whole_thread()
if refusal then return refusal end
if not key or redis.call('EXISTS', CHECKPOINTS, WRITES) == 0 then return {'none'} end
local DAY_MS = 86400000
local count, hidden = redis.call('ZCARD', ORDER), tonumber(redis.call('HGET', THREAD, 'hidden') or 0)
local since = now_ms() - DAY_MS
local function row_at(rank)
  local member = redis.call('ZRANGE', ORDER, rank, rank)[1]
  return member and redis.call('HGET', CHECKPOINTS, member)
end
-- Checkpoints are in the order of their commits, so a binary search finds the first one of the last day.
local low, high = 0, count
while low < high do
  local middle = math.floor((low + high) / 2)
  local row = row_at(middle)
  if row and (tonumber(part_of(row, COMMITTED)) or 0) < since then low = middle + 1 else high = middle end
end
local oldest, of_last_day = '', count - low
for rank = 0, hidden do
  local row = row_at(rank)
  if row and not is_hidden(row) then
    oldest = part_of(row, COMMITTED)
    break
  end
end
return {'found', digits(count - hidden), digits(redis.call('HLEN', SEGMENTS)), redis.call('HGET', THREAD, 'slots') or '0',
  redis.call('HGET', THREAD, 'bytes') or '0', oldest, digits(math.min(of_last_day, count - hidden))}
