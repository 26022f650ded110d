export {
  type ChangedChannels,
  resolveUpdates,
  serializeChanged,
  ValueSerializer,
} from "./channel-updates.js";
export { type ChannelValue, type EncodedValue, encodeValue, type Piece } from "./channel-value.js";
export { type CachedCheckpoint, CheckpointCache, type KnownThread } from "./checkpoint-cache.js";
export {
  type ChannelUpdate,
  type CheckpointFrame,
  type CheckpointRecord,
  channelNames,
  type DecodedCheckpoint,
  decodeCheckpoint,
  type EncodedCheckpoint,
  encodeCheckpoint,
  frameOf,
  type KnownCheckpoint,
  type SerializedValue,
} from "./checkpoint-record.js";
export {
  type CheckpointRef,
  checkpointRef,
  configOf,
  MAX_ID_BYTES,
  MAX_NAMESPACE_BYTES,
  type NamespaceRef,
  namespaceRef,
  optionalCheckpointId,
  optionalNamespace,
  optionalThreadId,
  requiredId,
  threadIdArgument,
} from "./checkpoint-ref.js";
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
  SaverClosedError,
  SchemaTooNewError,
  SerializationError,
  SetupRequiredError,
  StoreFailureError,
  StoreUnavailableError,
  UnsupportedServerError,
  ValueTooLargeError,
} from "./errors.js";
export { decodeId, encodeId } from "./id-bytes.js";
export { decodeMetadata, encodeMetadata } from "./metadata.js";
export {
  compareTaskOrder,
  decodeWrites,
  type EncodedWrites,
  encodeWrites,
  type PendingSlot,
  pendingWrite,
  type SerializedWrite,
  type StoredSlot,
  type StoredWrite,
  writeIndex,
} from "./pending-writes.js";
export { type RetryOptions, type RetryPolicy, resolveRetry, retry } from "./retry.js";
export { type OpenSegment, type Segment, SegmentReader } from "./segment.js";
export { HoldfastSerializer } from "./serializer/index.js";
export { MAX_THREAD_ID_BYTES, parseThreadId, type ThreadIdParts, threadId } from "./thread-id.js";
export { makeTuple, needsParentSends, type StoredTuple } from "./tuple.js";
