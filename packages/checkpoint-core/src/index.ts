export type { AbandonedThread, AbandonedThreadsOptions } from "./abandoned-threads.js";
export type { CheckpointRecord } from "./checkpoint-record.js";
export { type CheckpointRef, MAX_ID_BYTES, MAX_NAMESPACE_BYTES, type NamespaceRef, threadIdArgument } from "./checkpoint-ref.js";
export type {
  CheckpointInHand,
  CheckpointStore,
  EndedLease,
  LeaseAnswer,
  LeaseRequest,
  ListSelection,
  PutInput,
  PutWritesInput,
  ReadCheckpoint,
  Reading,
  ReadValues,
  Refusal,
  ThreadGuard,
  WriteConditions,
  WriteOutcome,
} from "./checkpoint-store.js";
export { entryCache } from "./entry-cache.js";
export {
  ConcurrentUpdateError,
  DeserializationError,
  HoldfastError,
  type HoldfastErrorCode,
  ImportMismatchError,
  InvalidConfigError,
  InvalidMetadataError,
  InvalidOptionsError,
  InvalidThreadIdError,
  isHoldfastError,
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
export { type ExclusiveGraph, type ExclusiveOptions, exclusive, type LeaseSource } from "./exclusive.js";
export {
  HoldfastSaver,
  type IdleThreads,
  type ListOptions,
  type OnConflict,
  resolveOnConflict,
  type SaverSettings,
} from "./holdfast-saver.js";
export { decodeId, encodeId } from "./id-bytes.js";
export { type ImportOptions, type ImportProgress, type ImportReport, importThreads } from "./import-threads.js";
export { type LabelNames, type Labels, resolveLabelNames } from "./labels.js";
export { type LeaseOptions, ThreadLease } from "./lease.js";
export { newTokenSuffix, TOKEN_SUFFIX_DIGITS } from "./lease-config.js";
export type { ListThreadsOptions, ThreadInfo } from "./list-threads.js";
export { decodeMetadata, encodeMetadata, type MetadataCondition, metadataConditions } from "./metadata.js";
export type { PendingSlot, StoredSlot } from "./pending-writes.js";
export { type PinnableGraph, pinCheckpointer } from "./pin-checkpointer.js";
export { age, type PrunePolicy, type PruneReport } from "./prune.js";
export {
  type AbandonedThreadSource,
  type ResumableGraph,
  type ResumeAbandonedOptions,
  type ResumeReport,
  resumeAbandoned,
} from "./resume-abandoned.js";
export type { CheckpointKey, CheckpointOutline, RemovedCheckpoint } from "./retention-plan.js";
export { type RetryOptions, type RetryPolicy, resolveRetry, retry } from "./retry.js";
export { isHoldfastSaver } from "./saver-brand.js";
export type { Segment } from "./segment.js";
export { HoldfastSerializer } from "./serializer/index.js";
export { StoreMoment } from "./store-moment.js";
export { type Retention, type RetentionOptions, resolveRetention, type SweepOptions, type SweepReport } from "./sweep.js";
export { resolveFallback } from "./takeover.js";
export { MAX_THREAD_ID_BYTES, parseThreadId, type ThreadIdParts, threadId } from "./thread-id.js";
export type {
  CopyOutcome,
  IdleDeletion,
  StoredThread,
  StoreStats,
  SweepCandidate,
  SweepClaim,
  SweepPage,
  ThinOutInput,
  ThinOutOutcome,
  ThreadOutline,
  ThreadSelection,
  ThreadStore,
  ThreadSummary,
} from "./thread-store.js";
export { TTL_KEY } from "./ttl-config.js";
export type { WritePlace } from "./write-order.js";
