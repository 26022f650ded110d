import type { ChannelVersions, Checkpoint } from "@langchain/langgraph-checkpoint";
import { canonicalMetadata } from "./canonical-metadata.js";
import { verified, withChecksum } from "./checksum.js";
import { PayloadReader, PayloadWriter, type ValueEntry } from "./payload.js";
import { compress, decompress, dictionaryLength, MAX_LINKING_BYTES } from "./compression.js";
import { SegmentReader } from "./segment-reader.js";
import { linksElsewhere, makeKeyframe, SEGMENT_ID_BYTES, type SegmentWithContent, withLinked } from "./segment.js";
import { inTurns, type Work } from "./turn.js";
import { type ChannelValue, encodeValue, inlineBytes, MAX_INLINE_BYTES, segmentPieces } from "./value.js";
import type { ValueBytes } from "./value-bytes.js";

/**
 * The stored form of one checkpoint: everything but its ids and its metadata.
 *
 * `body` is a compressed payload with its checksum. When its dictionary has a link, that is the record's **keyframe**: an earlier record of the thread, kept as a segment,
 * that this one is compressed against and whose links it can point to by position. So neither the names of channels and nodes nor the list of
 * pieces, which hardly change from one superstep to the next, are stored again.
 *
 * Longer than 300 lines: what is written is read back here, so that the two are changed together.
 */
export interface CheckpointRecord {
  /** The keyframe, if there is one, and the segments that the keyframe does not link to. */
  readonly links: readonly string[];
  readonly body: Buffer;
}

/** What the checksum of a record covers besides its body. */
export interface RecordOwner {
  readonly namespace: string;
  readonly checkpointId: string;
  readonly parentId: string | undefined;
  /** As core's `encodeMetadata` gives it, its keys in any order. */
  readonly metadata: string;
}

/** A record as a store returns it. */
export interface StoredRecord extends RecordOwner {
  readonly record: CheckpointRecord;
}

/** A checkpoint as it was written or read by this process: what the next one of its branch can build on. */
export interface CachedCheckpoint {
  readonly channels: ReadonlyMap<string, ChannelValue>;
  readonly versions: Readonly<ChannelVersions>;
  readonly keyframe: SegmentWithContent | undefined;
  /**
   * A segment that the checkpoint's values are made of, with so much of what was said in the thread that new segments shrink when compressed against
   * it: by a third in the recorded conversations.
   */
  readonly context: SegmentWithContent | undefined;
}

/** What must be stored for a new checkpoint. */
export interface EncodedCheckpoint {
  readonly record: CheckpointRecord;
  /** Segments that do not stand in the store yet, as far as this process knows. */
  readonly created: readonly SegmentWithContent[];
  /** Whether the record refers to segments beyond `created`. */
  readonly reusesSegments: boolean;
  readonly cached: CachedCheckpoint;
}

/** A checkpoint without its values and its id. */
export type CheckpointHeader = Pick<Checkpoint, "v" | "ts" | "channel_versions" | "versions_seen">;

/** The header of a checkpoint as it is now: the run goes on changing versions in place (contract C-36). */
export function headerOf(checkpoint: Checkpoint): CheckpointHeader {
  const seen = Object.entries(checkpoint.versions_seen).map(([node, versions]) => [node, { ...versions }]);
  return {
    v: checkpoint.v,
    ts: checkpoint.ts,
    channel_versions: { ...checkpoint.channel_versions },
    versions_seen: Object.fromEntries(seen),
  };
}

/** A channel value as the serializer gave it. */
export interface SerializedValue {
  readonly type: string;
  readonly bytes: ValueBytes;
}

/** The new content of a channel, or that it carries over from the parent. */
export type ChannelUpdate = SerializedValue | "carried-over";

interface RecordHeader extends Pick<CheckpointHeader, "v" | "ts"> {
  readonly cv: ChannelVersions;
  readonly vs: Checkpoint["versions_seen"];
  readonly ch: readonly (readonly [channel: string, ...ValueEntry])[];
}

/**
 * Inline values of one record, in all. A record that is longer than deflate can look back (32 KiB) does not shrink against its keyframe: 200 channels of
 * 300 bytes would cost 66 kB at each superstep. Values so small that a segment's row would be larger than they are stay inline.
 */
const MAX_RECORD_INLINE_BYTES = 16 * 1024;
const ALWAYS_INLINE_BYTES = 64;

/**
 * Encodes a checkpoint on top of what is known of its parent.
 *
 * @param owner whose record it becomes.
 * @param updates the channels that have a value, in the order in which they are to be read back.
 * @param related open segments that new values may repeat: those of the parent's pending writes, which they were made from.
 */
export const encodeCheckpoint = inTurns(function* (
  owner: RecordOwner,
  header: CheckpointHeader,
  updates: ReadonlyMap<string, ChannelUpdate>,
  parent: CachedCheckpoint | undefined,
  related: readonly SegmentWithContent[] = [],
): Work<EncodedCheckpoint> {
  const channels = new Map<string, ChannelValue>();
  const created = new Map<string, SegmentWithContent>();
  const repeatable = { verbatim: related, context: parent?.context };
  let freshInlineBytes = 0;
  let inlineBytesLeft = MAX_RECORD_INLINE_BYTES;
  for (const [channel, update] of updates) {
    const old = parent?.channels.get(channel);
    if (update === "carried-over") {
      if (old === undefined) continue;
      channels.set(channel, old);
      inlineBytesLeft -= inlineBytes(old);
      continue;
    }
    const maxInline = Math.max(ALWAYS_INLINE_BYTES, Math.min(MAX_INLINE_BYTES, inlineBytesLeft));
    const encoded = yield* encodeValue(update.type, update.bytes, old, repeatable, maxInline);
    channels.set(channel, encoded.value);
    freshInlineBytes += inlineBytes(encoded.value);
    inlineBytesLeft -= inlineBytes(encoded.value);
    for (const segment of encoded.created) created.set(segment.id, segment);
    yield update.bytes.length;
  }
  const { record: unsigned, keyframe, isNew } = encodeRecord(header, channels, parent, freshInlineBytes);
  const { links } = unsigned;
  const record = { links, body: withChecksum(unsigned.body, ownerText(owner, links, owner.parentId)) };
  if (isNew && keyframe !== undefined) created.set(keyframe.id, keyframe);
  const sent = withLinked(created, related);
  const linking = keyframe === undefined ? [record] : [record, keyframe];
  return {
    record,
    created: sent,
    reusesSegments: linksElsewhere([...linking, ...sent], sent),
    cached: {
      channels,
      versions: { ...header.channel_versions },
      keyframe,
      context: contextOf(channels, created, parent?.context),
    },
  };
});

/** A segment is worth compressing others against when it is long enough to say much; of a long one deflate sees the end. It has no links itself. */
const MIN_CONTEXT_BYTES = MAX_LINKING_BYTES;
const MAX_CONTEXT_BYTES = 64 * 1024;

/** The newest fitting segment that the values still use, so that reading them does not cost a segment more. */
function contextOf(
  channels: ReadonlyMap<string, ChannelValue>,
  open: ReadonlyMap<string, SegmentWithContent>,
  last: SegmentWithContent | undefined,
): SegmentWithContent | undefined {
  let context: SegmentWithContent | undefined;
  for (const value of channels.values()) {
    for (const { segment, of } of segmentPieces(value)) {
      if (of < MIN_CONTEXT_BYTES || of > MAX_CONTEXT_BYTES) continue;
      context = open.get(segment) ?? (last?.id === segment ? last : undefined) ?? context;
    }
  }
  return context;
}

function encodeRecord(
  header: CheckpointHeader,
  channels: ReadonlyMap<string, ChannelValue>,
  parent: CachedCheckpoint | undefined,
  freshInlineBytes: number,
): { record: CheckpointRecord; keyframe: SegmentWithContent | undefined; isNew: boolean } {
  const keyframe = parent?.keyframe;
  if (keyframe !== undefined && bytesLeftBehind(keyframe, parent, channels) <= MAX_BYTES_LEFT_BEHIND + valueBytes(channels)) {
    const payload = new PayloadWriter(keyframe.links);
    const body = compress(writeRecord(payload, header, channels), [keyframe.content]);
    const ownLinks = payload.links.slice(keyframe.links.length);
    const keyframeBytes = keyframe.body.length + keyframe.links.length * SEGMENT_ID_BYTES;
    // New inline values would cost the same with a new keyframe.
    const deltaBytes = body.length - freshInlineBytes * DEFLATED_SHARE + ownLinks.length * SEGMENT_ID_BYTES;
    if (dictionaryLength(body) === 1 && deltaBytes <= deltaBudget(keyframeBytes)) {
      return { record: { links: [keyframe.id, ...ownLinks], body }, keyframe, isNew: false };
    }
  }
  const payload = new PayloadWriter();
  const content = writeRecord(payload, header, channels);
  // The first checkpoint of a namespace is rarely like those that follow it, and may stay the only one.
  if (parent === undefined)
    return { record: { links: payload.links, body: compress(content) }, keyframe: undefined, isNew: false };
  const next = makeKeyframe(payload.links, content);
  const body = compress(content, [content]);
  // Tiny content does not compress; then it stands for itself.
  if (dictionaryLength(body) !== 1) return { record: { links: payload.links, body }, keyframe: undefined, isNew: false };
  return { record: { links: [next.id], body }, keyframe: next, isNew: true };
}

/**
 * A reader reads what the keyframe links to, used or not. When a large value was cut short or replaced, a new keyframe lets go of it: else a summary of
 * 3 kB was read with the 900 kB of messages that it stands for, for some ten supersteps.
 */
const MAX_BYTES_LEFT_BEHIND = 64 * 1024;

/** Content of the keyframe's segments that the parent's values use, and the new ones do not. */
function bytesLeftBehind(
  keyframe: SegmentWithContent,
  parent: CachedCheckpoint | undefined,
  channels: ReadonlyMap<string, ChannelValue>,
): number {
  const linked = new Set(keyframe.links);
  for (const value of channels.values()) for (const { segment } of segmentPieces(value)) linked.delete(segment);
  let bytes = 0;
  for (const value of parent?.channels.values() ?? [])
    for (const { segment, of } of segmentPieces(value)) if (linked.delete(segment)) bytes += of;
  return bytes;
}

function valueBytes(channels: ReadonlyMap<string, ChannelValue>): number {
  let bytes = 0;
  for (const value of channels.values()) bytes += value.bytes.length;
  return bytes;
}

/**
 * How large a record may get before a new keyframe pays: deltas start at some 80 bytes and grow by some 12 with each superstep (two links in
 * three), and the sum of the growth should have reached the cost of a keyframe, n²·12/2 = cost, when it is replaced.
 */
function deltaBudget(keyframeBytes: number): number {
  return 80 + Math.sqrt(2 * 12 * (keyframeBytes + KEYFRAME_ROW_BYTES));
}
const KEYFRAME_ROW_BYTES = 110;
/** What is about left of text when it is deflated. */
const DEFLATED_SHARE = 0.5;

function writeRecord(payload: PayloadWriter, header: CheckpointHeader, channels: ReadonlyMap<string, ChannelValue>): Buffer {
  const written: RecordHeader = {
    v: header.v,
    ts: header.ts,
    cv: header.channel_versions,
    vs: header.versions_seen,
    ch: Array.from(channels, ([channel, value]) => [channel, ...payload.add(value)] as const),
  };
  return payload.write(written);
}

/** What a stored record says. */
export interface DecodedCheckpoint {
  readonly header: CheckpointHeader;
  readonly cached: CachedCheckpoint;
}

/**
 * The inverse of {@link encodeCheckpoint}.
 *
 * @param segments every segment that can be reached from the record's links.
 * @throws DeserializationError when something of it, or of a segment that it needs, is not as it was stored.
 */
export function decodeCheckpoint(stored: StoredRecord, segments: SegmentReader): DecodedCheckpoint {
  const { payload, keyframe } = decompressRecord(stored, segments);
  const { v, ts, cv, vs, ch } = payload.header as RecordHeader;
  const channels = new Map(ch.map(([channel, ...entry]) => [channel, payload.next(entry)]));
  const used = [...channels.values()].flatMap(segmentPieces);
  const candidate = used.findLast(({ of }) => of >= MIN_CONTEXT_BYTES && of <= MAX_CONTEXT_BYTES);
  const context = candidate === undefined ? undefined : segments.withContent(candidate.segment);
  return { header: { v, ts, channel_versions: cv, versions_seen: vs }, cached: { channels, versions: cv, keyframe, context } };
}

/**
 * The same for a checkpoint whose values are at hand, from what it was written or read as: nothing but the record is needed.
 *
 * @param cached what {@link canDecodeCached}.
 */
export function decodeCached(stored: StoredRecord, cached: CachedCheckpoint): DecodedCheckpoint {
  const body = verifiedBody(stored);
  const dictionary = dictionaryLength(body) === 0 || cached.keyframe === undefined ? [] : [cached.keyframe.content];
  const { v, ts, cv, vs } = new PayloadReader(decompress(body, dictionary), [], NO_SEGMENTS).header as RecordHeader;
  return { header: { v, ts, channel_versions: cv, versions_seen: vs }, cached };
}

const NO_SEGMENTS = new SegmentReader(new Map());

/** Whether the keyframe that the record is compressed against is at hand, too. */
export function canDecodeCached(record: CheckpointRecord, cached: CachedCheckpoint): boolean {
  return dictionaryLength(record.body) === 0 || cached.keyframe?.id === record.links[0];
}

/** The channels of a stored checkpoint that have a value. Needs no segment but the record's keyframe. */
export function channelNames(stored: StoredRecord, segments: SegmentReader): ReadonlySet<string> {
  const { ch } = decompressRecord(stored, segments).payload.header as RecordHeader;
  return new Set(ch.map(([channel]) => channel));
}

function decompressRecord(
  stored: StoredRecord,
  segments: SegmentReader,
): { payload: PayloadReader; keyframe: SegmentWithContent | undefined } {
  const body = verifiedBody(stored);
  const [keyframeId, ...ownLinks] = stored.record.links;
  if (dictionaryLength(body) === 0 || keyframeId === undefined)
    return { payload: new PayloadReader(decompress(body), stored.record.links, segments), keyframe: undefined };
  const keyframe = segments.withContent(keyframeId);
  const links = [...keyframe.links, ...ownLinks];
  return { payload: new PayloadReader(decompress(body, [keyframe.content]), links, segments), keyframe };
}

/**
 * The body of a record without its checksum.
 *
 * @throws DeserializationError when the record, its links, its ids or its metadata are not as they were stored.
 */
export function verifiedBody(stored: StoredRecord): Buffer {
  const { record, parentId, checkpointId } = stored;
  const ownerWith = (parent: string | undefined): string => ownerText(stored, record.links, parent);
  // One that is put again as its own parent keeps the parent that it had, which the writer need not know.
  return verified(record.body, ownerWith(parentId), () => ownerWith(checkpointId));
}

/** Ids and namespaces have no NUL (contract C-05), and JSON and links have none. */
function ownerText({ namespace, checkpointId, metadata }: RecordOwner, links: readonly string[], parentId = ""): string {
  return ["checkpoint", namespace, checkpointId, parentId, links.join(""), canonicalMetadata(metadata)].join("\0");
}
