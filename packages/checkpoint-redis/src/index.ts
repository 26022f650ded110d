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
export type { RedisClient } from "./client.js";
export type { DurabilityOptions } from "./durability.js";
export type { RedisSaverOptions } from "./options.js";
export { RedisSaver } from "./saver.js";
export type { ServerWarning } from "./server-check.js";
export { type TtlOptions, withTtl } from "./ttl.js";
