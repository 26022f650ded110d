-- ARGV: required state of the thread, ids of keyframes, ids of other segments. Returns what they link to.
local key, _, refusal = find_thread()
if refusal then return refusal end
if not key or state_of(key) ~= ARGV[1] then return {'changed'} end
local links = {}
for i = 2, 3 do
  for at = 1, #ARGV[i], LINK_BYTES do links[#links + 1] = links_of_stored(string.sub(ARGV[i], at, at + LINK_BYTES - 1), i == 2) end
end
return {'read', table.concat(links)}
