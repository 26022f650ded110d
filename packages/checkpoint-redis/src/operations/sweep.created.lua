-- KEYS: a shard's threads by creation. ARGV: creation and id of the last thread ('' for the first page), limit. The oldest thread first.
local created, id = tonumber(ARGV[1]), ARGV[2]
local first = created and first_rank('ZRANGE', KEYS[1], function(score, member)
  return score > created or (score == created and is_less(id, member))
end) or 0
return {'listed', redis.call('ZRANGE', KEYS[1], first, first + ARGV[3] - 1, 'WITHSCORES')}
