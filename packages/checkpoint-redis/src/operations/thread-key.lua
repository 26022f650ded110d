local key, _, refusal, migration_token = find_thread()
if refusal then return refusal end
return {'found', key or '', digits(now_ms()), redis.call('PTTL', THREAD), migration_token and 1 or 0}
