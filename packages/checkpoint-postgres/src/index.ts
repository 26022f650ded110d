// biome-ignore lint/performance/noReExportAll: What applications need of core is one list, the same for both adapters; a test compares it.
export * from "@holdfast/checkpoint-core";
export { type MigrationSqlOptions, migrationSql } from "./migrations/migrate.js";
export type { ConnectionOptions, PostgresSaverOptions } from "./options.js";
export type { PostgresClient, PostgresPool, PostgresQuery } from "./pool.js";
export { PostgresSaver } from "./saver.js";
