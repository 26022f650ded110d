export {
  HoldfastError,
  type HoldfastErrorCode,
  HoldfastSerializer,
  isHoldfastError,
  type RetryOptions,
  type ThreadIdParts,
  threadId,
} from "@holdfast/checkpoint-core";
export { migrationSql } from "./migrations/migrate.js";
export type { ConnectionOptions, PostgresSaverOptions } from "./options.js";
export type { PostgresClient, PostgresPool, PostgresQuery } from "./pool.js";
export { PostgresSaver } from "./saver.js";
