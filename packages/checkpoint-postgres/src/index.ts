export {
  type AbandonedThread,
  type AbandonedThreadsOptions,
  type ExclusiveOptions,
  exclusive,
  HoldfastError,
  type HoldfastErrorCode,
  HoldfastSerializer,
  ImportMismatchError,
  type ImportOptions,
  type ImportProgress,
  type ImportReport,
  importThreads,
  isHoldfastError,
  type LeaseOptions,
  type OnConflict,
  type ResumeAbandonedOptions,
  type ResumeReport,
  type RetryOptions,
  resumeAbandoned,
  type ThreadIdParts,
  ThreadLease,
  threadId,
} from "@holdfast/checkpoint-core";
export { migrationSql } from "./migrations/migrate.js";
export type { ConnectionOptions, PostgresSaverOptions } from "./options.js";
export type { PostgresClient, PostgresPool, PostgresQuery } from "./pool.js";
export { PostgresSaver } from "./saver.js";
