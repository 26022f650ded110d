-- Compares bytes, like sorted sets; Lua's own comparison depends on the locale of the server.
local function is_less(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

-- The first rank of a sorted set at which a condition on score and id holds, by binary search. It must hold for all later ranks.
local function first_rank(command, key, holds)
  local low, high = 0, redis.call('ZCARD', key)
  while low < high do
    local middle = math.floor((low + high) / 2)
    local at = redis.call(command, key, middle, middle, 'WITHSCORES')
    if holds(tonumber(at[2]), at[1]) then high = middle else low = middle + 1 end
  end
  return low
end
