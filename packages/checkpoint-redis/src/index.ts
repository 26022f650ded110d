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
  type IdleThreads,
  isHoldfastError,
  type Labels,
  type LeaseOptions,
  type ListOptions,
  type ListThreadsOptions,
  type OnConflict,
  type PrunePolicy,
  type PruneReport,
  type ResumeAbandonedOptions,
  type ResumeReport,
  type RetentionOptions,
  type RetryOptions,
  resumeAbandoned,
  type StoredThread,
  type StoreStats,
  type SweepOptions,
  type SweepReport,
  type ThreadIdParts,
  type ThreadInfo,
  ThreadLease,
  threadId,
} from "@holdfast/checkpoint-core";
export type { RedisClient } from "./client.js";
export type { DurabilityOptions } from "./durability.js";
export type { RedisSaverOptions } from "./options.js";
export { RedisSaver } from "./saver.js";
export type { ServerWarning } from "./server-check.js";
export { type TtlOptions, withTtl } from "./ttl.js";
