-- KEYS: a shard's threads by creation, and others. ARGV: creation and id of the last thread ('' for the newest), limit
-- Threads of one microsecond are in descending order of their ids.
local created, id, count = ARGV[1], ARGV[2], tonumber(ARGV[3])
local offset = 0
if created ~= '' then
  -- The last one may have been deleted since: skips those of its microsecond that precede it.
  for _, same in ipairs(redis.call('ZREVRANGEBYSCORE', KEYS[1], created, created)) do
    if same >= id then offset = offset + 1 end
  end
end
return {'listed', redis.call('ZREVRANGEBYSCORE', KEYS[1], created == '' and '+inf' or created, '-inf', 'WITHSCORES', 'LIMIT', offset, count)}
