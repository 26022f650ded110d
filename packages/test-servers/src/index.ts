export { type ChildExit, type NodeChild, type SpawnNodeOptions, spawnNode } from "./child-process.js";
export { type CreateDatabaseOptions, createDatabase, ensureTemplate, type TestDatabase, withDatabaseName } from "./database.js";
export { type EventuallyOptions, eventually, type Gate, gate } from "./gate.js";
export { type PgBouncer, type PgBouncerTarget, type StartPgBouncerOptions, startPgBouncer } from "./pgbouncer.js";
export { type PostgresServer, type StartPostgresOptions, startPostgres } from "./postgres-server.js";
export type { RequestMatch } from "./proxied-connection.js";
export { type CutAfterRequestOptions, startTcpProxy, type TcpProxy } from "./tcp-proxy.js";
export { type TerminateBackendsOptions, terminateBackends } from "./terminate-backends.js";
