-- ARGV: leases, as rows have them
-- Returns the newest checkpoint of the root graph that was made under them, the newest of all ('' for none), and whether the latter has writes that were made under them.
local key, _, refusal = find_whole_thread()
if refusal then return refusal end
local PAGE = 100
local made, head, from = '', '', 0
while key and made == '' do
  local members = redis.call('ZREVRANGE', ORDER, from, from + PAGE - 1)
  for _, member in ipairs(members) do
    local row = string.byte(member, 1) == 0 and redis.call('HGET', CHECKPOINTS, member)
    if row and not is_hidden(row) then
      if head == '' then head = id_of(member) end
      if made == '' and has(ARGV, part_of(row, WRITER)) then made = id_of(member) end
    end
  end
  from = from + PAGE
  if #members < PAGE then break end
end
local writes = head ~= '' and redis.call('HGET', WRITES, '\0' .. head) or ''
local has_writes, at = '0', FIRST_SLOT
while at <= #writes do
  local slot = string.sub(writes, at, at + 3 + number_at(writes, at))
  if has(ARGV, part_of_slot(slot, SLOT_WRITER)) then has_writes = '1' end
  at = at + #slot
end
return {'progress', made, head, has_writes}
