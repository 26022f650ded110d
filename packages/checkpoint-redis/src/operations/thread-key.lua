local key, _, refusal = find_thread()
if refusal then return refusal end
return {'found', key or '', digits(now_ms()), redis.call('PTTL', THREAD)}
