-- KEYS: a shard's threads by when they were written to. ARGV: minute and id of the previous thread ('' for none), milliseconds of idleness ('' for any), limit
local time = redis.call('TIME')
local minute, id = tonumber(ARGV[1]), ARGV[2]
local latest = ARGV[3] ~= '' and time[1] * 1000 + math.floor(time[2] / 1000) - ARGV[3] or nil
local first = first_rank('ZREVRANGE', KEYS[1], function(score, member)
  return (not minute or score < minute or (score == minute and is_less(member, id))) and (not latest or score <= latest)
end)
return {'listed', redis.call('ZREVRANGE', KEYS[1], first, first + ARGV[4] - 1, 'WITHSCORES')}
