export { type ChildExit, type NodeChild, type SpawnNodeOptions, spawnNode } from "./child-process.js";
export { type CreateDatabaseOptions, createDatabase, ensureTemplate, type TestDatabase, withDatabaseName } from "./database.js";
export { freePort } from "./free-port.js";
export { type EventuallyOptions, eventually, type Gate, gate } from "./gate.js";
export { type MonitoredCommand, monitorRedis, type RedisMonitor } from "./monitor-redis.js";
export { type PgBouncer, type PgBouncerTarget, type StartPgBouncerOptions, startPgBouncer } from "./pgbouncer.js";
export { type PostgresPair, type StartPostgresPairOptions, startPostgresPair } from "./postgres-pair.js";
export { type PostgresServer, type StartPostgresOptions, startPostgres } from "./postgres-server.js";
export type { RequestMatch } from "./proxied-connection.js";
export { type RedisCluster, type StartRedisClusterOptions, startRedisCluster } from "./redis-cluster.js";
export {
  flushRedisScripts,
  killRedisClients,
  type PauseRedisClientsOptions,
  pauseRedisClients,
  unpauseRedisClients,
} from "./redis-faults.js";
export type { RedisSettings } from "./redis-process.js";
export {
  type RedisReplication,
  redisRole,
  type StartRedisReplicationOptions,
  startRedisReplication,
} from "./redis-replication.js";
export { type RedisSentinel, type StartRedisSentinelOptions, startRedisSentinel } from "./redis-sentinel.js";
export { type RedisDataOptions, type RedisServer, type StartRedisOptions, startRedis } from "./redis-server.js";
export { type ProxiedServers, startProxiedServers } from "./proxied-servers.js";
export { type CutAfterRequestOptions, startTcpProxy, type TcpProxy } from "./tcp-proxy.js";
export { startTlsProxy, TEST_CERTIFICATE, type TlsProxy, type TlsProxyOptions } from "./tls-proxy.js";
export { type TerminateBackendsOptions, terminateBackends } from "./terminate-backends.js";
