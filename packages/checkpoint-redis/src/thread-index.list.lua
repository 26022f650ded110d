-- KEYS: a shard's threads by creation, and others. ARGV: where to begin: creation and id of the last thread ('' for the newest), how many
-- Two threads of one microsecond are in the order of their ids, backwards.
local created, id, count = ARGV[1], ARGV[2], tonumber(ARGV[3])
local offset = 0
if created ~= '' then
  -- The last one may have been deleted since: then those of its microsecond that come before it are passed over.
  for _, same in ipairs(redis.call('ZREVRANGEBYSCORE', KEYS[1], created, created)) do
    if same >= id then offset = offset + 1 end
  end
end
return {'listed', redis.call('ZREVRANGEBYSCORE', KEYS[1], created == '' and '+inf' or created, '-inf', 'WITHSCORES', 'LIMIT', offset, count)}
