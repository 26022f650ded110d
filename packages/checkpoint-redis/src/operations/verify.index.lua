-- KEYS: a shard's threads by creation, by expiry, and by when they were written to. ARGV: which of them to walk (1 or 3), score and id of the last thread ('' for
-- the first page), how many
-- Answers per thread its id, its score, and whether it stands among those by creation.
local set, score, id = KEYS[tonumber(ARGV[1])], tonumber(ARGV[2]), ARGV[3]
local first = score and first_rank('ZRANGE', set, function(other, member)
  return other > score or (other == score and is_less(id, member))
end) or 0
local found, threads = redis.call('ZRANGE', set, first, first + ARGV[4] - 1, 'WITHSCORES'), {}
for i = 1, #found, 2 do threads[#threads + 1] = { found[i], found[i + 1], redis.call('ZSCORE', KEYS[1], found[i]) and 1 or 0 } end
return {'listed', threads}
