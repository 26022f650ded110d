// What an adapter needs and an application does not. It changes with the adapters, in any version.
export {
  type CheckpointKey,
  type CheckpointRef,
  checkpointName,
  decodeId,
  encodeId,
  type NamespaceRef,
  threadIdArgument,
} from "./config/ids.js";
export { decodeMetadata, type MetadataCondition, metadataConditions } from "./config/metadata.js";
export { flag, integer, oneOf, refuseUnknown } from "./config/options.js";
export { type LabelRules, resolveLabelRules, ttlMinutes, withTtlMinutes } from "./config/run-config.js";
export type { PendingSlot, StoredSlot } from "./format/pending-writes.js";
export type { CheckpointRecord } from "./format/record.js";
export type { Segment } from "./format/segment.js";
export type { WritePlace } from "./format/write-order.js";
export { leaseCount, newTokenSuffix, resolveMaxTtlMs, TOKEN_SUFFIX_DIGITS, writerOf } from "./leases/lease.js";
export { resolveFallback } from "./migration/fallback-saver.js";
export { type Retention, resolveRetention } from "./retention/sweep.js";
export { resolveOnConflict, type SaverSettings } from "./saver/context.js";
export { saverArguments } from "./saver/saver-arguments.js";
export type {
  CachedRecord,
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
  RevokedLease,
  ThreadGuard,
  WriteConditions,
  WriteOutcome,
} from "./store/checkpoint-store.js";
export { entryCache } from "./store/entry-cache.js";
export { Events } from "./store/events.js";
export { type OperationEnd, type OperationOptions, underOptions, unlessOver, withoutSignal } from "./store/operation-signal.js";
export type { LeaseLost, Refusal } from "./store/refusal.js";
export type { RunBeginning, RunEnd, RunProgress, StoredRun } from "./store/run-store.js";
export {
  type FailedTry,
  PING_POLICY,
  type RetryPolicy,
  resolveRetry,
  retry,
  StoreMoment,
  tryLimit,
} from "./store/retry.js";
export { decodeOf, readCheckpoint } from "./store/stored-checkpoint.js";
export { faultOf, heldSegments, NO_PART, type StoredFault, type ThreadPart } from "./store/thread-part.js";
export type { CheckpointSummary, RemovedCheckpoint } from "./store/thread-store.js";
export {
  type AmongThreads,
  type ChangedLabels,
  type CheckpointHistory,
  type CheckpointSummaries,
  type CopyOutcome,
  type IdleDeletion,
  MOST_REMEMBERED,
  type PruneInput,
  type PruneOutcome,
  type SweepCandidate,
  type SweepClaim,
  type SweepPage,
  type ThreadHistory,
  type ThreadPlace,
  type ThreadPosition,
  type ThreadSelection,
  type ThreadStore,
  type ThreadSummary,
} from "./store/thread-store.js";
export { tlsFault } from "./store/tls-faults.js";
export { warnSometimes } from "./store/warn-sometimes.js";
