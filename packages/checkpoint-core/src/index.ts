export { type GivenThreadIdParts, MAX_THREAD_ID_BYTES, parseThreadId, type ThreadIdParts, threadId } from "./config/ids.js";
export type { OnError } from "./config/options.js";
export type { Labels, LabelSource } from "./config/run-config.js";
export {
  ConcurrentUpdateError,
  DeserializationError,
  HoldfastError,
  type HoldfastErrorCode,
  IdempotencyKeyReusedError,
  ImportMismatchError,
  InvalidConfigError,
  InvalidMetadataError,
  InvalidOptionsError,
  InvalidThreadIdError,
  isHoldfastError,
  type LeaseEnd,
  LeaseLostError,
  MissingThreadIdError,
  NotDurableError,
  SaverClosedError,
  SchemaTooNewError,
  SerializationError,
  SetupRequiredError,
  StoreFailureError,
  StoreUnavailableError,
  ThreadBusyError,
  ThreadDeletedError,
  ThreadExistsError,
  ThreadNotFoundError,
  UnsupportedServerError,
  ValueTooLargeError,
} from "./errors.js";
export type { AbandonedThread, AbandonedThreadsOptions } from "./leases/abandoned-threads.js";
export { type ExclusiveGraph, type ExclusiveOptions, exclusive, type LeaseSource } from "./leases/exclusive.js";
export { type LeaseOptions, ThreadLease } from "./leases/lease.js";
export type { LeaseHolder } from "./leases/leases.js";
export {
  type AbandonedThreadSource,
  type ResumableGraph,
  type ResumeAbandonedOptions,
  type ResumeReport,
  resumeAbandoned,
} from "./leases/resume-abandoned.js";
export { type ImportOptions, type ImportProgress, type ImportReport, importThreads } from "./migration/import-threads.js";
export { type PreflightOptions, type PreflightReport, preflight, type RefusedValue } from "./migration/preflight.js";
export type { PrunePolicy, PruneReport } from "./retention/prune.js";
export type { RetentionOptions, SweepOptions, SweepReport } from "./retention/sweep.js";
export type { DeleteThreadOptions } from "./saver/delete-thread.js";
export type { OnConflict } from "./saver/context.js";
export { HoldfastSaver } from "./saver/holdfast-saver.js";
export type { RevokeLeaseOptions } from "./saver/leases.js";
export type { ListOptions } from "./saver/list.js";
export type { ListThreadsOptions, ThreadInfo, WhichThreads } from "./saver/list-threads.js";
export { isHoldfastSaver, type PinnableGraph, pinCheckpointer } from "./saver/pin-checkpointer.js";
export type { DeleteForRunsOptions, IdleThreads } from "./saver/prune.js";
export type { VerifyOptions, VerifyProblem, VerifyProblemKind, VerifyReport } from "./saver/verify-report.js";
export type { SerializableClass } from "./serializer/allowed-classes.js";
export { HoldfastSerializer, type SerializerOptions } from "./serializer/index.js";
export type { ServerWarning, SetupReport } from "./saver/setup-report.js";
export type { HoldfastEvent, LeaseLostEvent, OnEvent, OperationEvent, RetryEvent } from "./store/events.js";
export type { OperationOptions } from "./store/operation-signal.js";
export type { RetryOptions } from "./store/retry.js";
export type { StoredThread, StoreStats } from "./store/thread-store.js";
