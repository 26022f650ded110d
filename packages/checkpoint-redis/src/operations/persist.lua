local key, _, refusal = find_whole_thread()
if refusal then return refusal end
if not key then return {'none'} end
set_expiry('own none')
return {'persisted'}
