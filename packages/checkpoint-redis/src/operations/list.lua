-- ARGV: known segments, what ('checkpoints' or 'metadata'), any namespace ('1') or this one, namespace, checkpoint id ('' for any),
-- before ('' for none), first place ('' for the newest), limit, whether to read an incomplete thread, key of the thread of earlier pages ('' for the first page).
-- A thread that was deleted meanwhile has no further page, even if another one has its id by now.
-- Also returns the first place of the next page, '' at the end.
local key, epoch, refusal = (ARGV[9] == '1' and find_thread or find_whole_thread)()
if refusal then return refusal end
if not key or (ARGV[10] ~= '' and ARGV[10] ~= key) then return {'none'} end
skip_known(ARGV[1])
local what, any_namespace, namespace, wanted_id, before_id, count = ARGV[2], ARGV[3] == '1', ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[8])

local function place(in_namespace, id)
  return tonumber(redis.call('ZSCORE', ORDER, in_namespace .. '\0' .. id) or nil)
end

-- The namespace and place of the checkpoint with that id: the root graph's, else the first one found.
local function find_checkpoint(id)
  if place('', id) then return '', place('', id) end
  for _, field in ipairs(redis.call('HKEYS', THREAD)) do
    local in_namespace = string.match(field, '^latest:(.*)$')
    if in_namespace and place(in_namespace, id) then return in_namespace, place(in_namespace, id) end
  end
  return nil, nil
end

local end_namespace, end_place
if before_id ~= '' then end_namespace, end_place = find_checkpoint(before_id) end

-- Where the graph of that namespace stood when this checkpoint was made.
local function place_of_origin(row, in_namespace)
  local lineage = parts_of(part_of(row, LINEAGE))
  for i = 1, #lineage, 2 do
    if lineage[i] == in_namespace then return place(in_namespace, lineage[i + 1]) end
  end
  return nil
end

local function is_before(in_namespace, id, at, row)
  if before_id == '' then return true end
  if not end_place then return id < before_id end
  if in_namespace ~= end_namespace then at = place_of_origin(row, end_namespace) or at end
  return at < end_place
end

-- The most checkpoints that one script looks at, so that none blocks the server for long: each mismatch costs about 1 us.
local MOST_LOOKED_AT = 4096
local CHUNK = 256
local found, looked_at, resume = 0, 0, ARGV[7]
local max = resume == '' and '+inf' or '(' .. resume
while found < count and looked_at < MOST_LOOKED_AT do
  local members = redis.call('ZREVRANGEBYSCORE', ORDER, max, '-inf', 'WITHSCORES', 'LIMIT', 0, math.min(CHUNK, 4 * count))
  if #members == 0 then
    resume = ''
    break
  end
  for i = 1, #members, 2 do
    local member, at = members[i], members[i + 1]
    local split = string.find(member, '\0', 1, true)
    local in_namespace, id = string.sub(member, 1, split - 1), string.sub(member, split + 1)
    if (any_namespace or in_namespace == namespace) and (wanted_id == '' or id == wanted_id) then
      local row = redis.call('HGET', CHECKPOINTS, member)
      if row and not is_hidden(row) and is_before(in_namespace, id, tonumber(at), row) then
        found = found + 1
        if what == 'checkpoints' then
          add_checkpoint(member, row, 'all')
        else
          rows[#rows + 1] = { member, part_of(row, METADATA), part_of(row, LABELS) }
        end
      end
    end
    looked_at = looked_at + 1
    resume = at
    max = '(' .. at
    if found == count then break end
  end
end
return answer(key, epoch, resume)
