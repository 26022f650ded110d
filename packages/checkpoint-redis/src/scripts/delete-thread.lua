local _, _, refusal = find_thread()
if refusal then return refusal end
redis.call('UNLINK', unpack(KEYS))
return {'deleted'}
