export type { CheckpointRecord } from "./checkpoint-record.js";
export { type CheckpointRef, MAX_ID_BYTES, MAX_NAMESPACE_BYTES, type NamespaceRef, threadIdArgument } from "./checkpoint-ref.js";
export type {
  CheckpointStore,
  ListSelection,
  PutInput,
  PutWritesInput,
  ReadCheckpoint,
  Reading,
  ThreadGuard,
} from "./checkpoint-store.js";
export {
  DeserializationError,
  HoldfastError,
  type HoldfastErrorCode,
  InvalidConfigError,
  InvalidMetadataError,
  InvalidOptionsError,
  InvalidThreadIdError,
  isHoldfastError,
  MissingThreadIdError,
  NotDurableError,
  SaverClosedError,
  SchemaTooNewError,
  SerializationError,
  SetupRequiredError,
  StoreFailureError,
  StoreUnavailableError,
  UnsupportedServerError,
  ValueTooLargeError,
} from "./errors.js";
export { HoldfastSaver, type SaverLimits } from "./holdfast-saver.js";
export { decodeId, encodeId } from "./id-bytes.js";
export { decodeMetadata, encodeMetadata, type MetadataCondition, metadataConditions } from "./metadata.js";
export type { EncodedWrites, PendingSlot, StoredSlot } from "./pending-writes.js";
export { type RetryOptions, type RetryPolicy, resolveRetry, retry } from "./retry.js";
export type { Segment } from "./segment.js";
export { HoldfastSerializer } from "./serializer/index.js";
export { MAX_THREAD_ID_BYTES, parseThreadId, type ThreadIdParts, threadId } from "./thread-id.js";
