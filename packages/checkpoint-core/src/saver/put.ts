import type { RunnableConfig } from "@langchain/core/runnables";
import { type ChannelVersions, type Checkpoint, type CheckpointMetadata, isDeltaSnapshot } from "@langchain/langgraph-checkpoint";
import {
  type CheckpointKey,
  type CheckpointRef,
  configOf,
  isCheckpointKey,
  namespaceRef,
  optionalCheckpointId,
  requiredId,
} from "../config/ids.js";
import { encodeMetadata } from "../config/metadata.js";
import { expectedHead, isCopied, labelsOf, leaseToken } from "../config/run-config.js";
import {
  type CachedCheckpoint,
  type ChannelUpdate,
  type EncodedCheckpoint,
  encodeCheckpoint,
  headerOf,
  type SerializedValue,
} from "../format/record.js";
import { compressed } from "../format/segment.js";
import { all } from "../format/turn.js";
import type { ValueSerializer } from "../serializer/value-serializer.js";
import type { PutInput, ThreadGuard } from "../store/checkpoint-store.js";
import { underSignal } from "../store/operation-signal.js";
import { refusalError } from "../store/refusal.js";
import type { SaverContext } from "./context.js";
import { readEntry } from "./get-tuple.js";
import { nextCall, writeGraceMs } from "./run-writes.js";

/** Stores a checkpoint, and says which one it is (contract C-30 to C-38). */
export async function put(
  saver: SaverContext,
  config: RunnableConfig,
  checkpoint: Checkpoint,
  metadata: CheckpointMetadata,
  newVersions: ChannelVersions,
): Promise<RunnableConfig> {
  const ref = { ...namespaceRef(config, "put"), checkpointId: requiredId(checkpoint.id, "checkpoint.id") };
  const parentId = optionalCheckpointId(config);
  const store = (): Promise<void> =>
    saver.parentsFirst.put(ref, parentId, (parentPut) =>
      underSignal(
        config.signal,
        () => storeCheckpoint(saver, ref, parentId, parentPut, config, checkpoint, metadata, newVersions),
        writeGraceMs(config),
      ),
    );
  await (saver.runs.of(config)?.put(store) ?? store());
  return configOf(ref);
}

/**
 * 1. takes everything that the run may go on changing, and serializes what changed;
 * 2. waits for a parent that is on its way, and finds out what the parent is in the store, where this process does not know;
 * 3. stores the checkpoint as its difference to the parent, again from 2 when the thread is not as it was known.
 */
async function storeCheckpoint(
  saver: SaverContext,
  ref: CheckpointRef,
  parentId: string | undefined,
  parentPut: Promise<void> | undefined,
  config: RunnableConfig,
  checkpoint: Checkpoint,
  metadata: CheckpointMetadata,
  newVersions: ChannelVersions,
): Promise<void> {
  const { store, serializer, cache } = saver;
  const parentRef = parentId === undefined ? undefined : { ...ref, checkpointId: parentId };
  // Everything up to the first await is taken as it is at the call (contract C-36).
  const known = parentRef && cache.get(parentRef);
  const given = { ...headerOf(checkpoint), channel_values: { ...checkpoint.channel_values } };
  const isCopy = isCopied(config);
  const taken = {
    config,
    ref,
    parentId,
    metadata: encodeMetadata(metadata),
    labels: labelsOf(config, saver.labels),
    snapshots: Object.keys(newVersions).filter((channel) => isDeltaSnapshot(given.channel_values[channel])),
    token: leaseToken(config, ref.threadId),
    call: nextCall(isCopy),
    lineage: isCopy ? [] : lineageOf(ref, parentId, metadata),
    // A first checkpoint may have no lineage that is stored: only this tells that its thread was deleted since its run began.
    life: isCopy || parentId !== undefined ? undefined : saver.lives.of(ref.threadId, config),
    expectedHead: saver.rejectsConflicts ? expectedHead(config, parentId, metadata.source === "fork") : undefined,
  };
  const owner = { ...ref, parentId, metadata: taken.metadata };
  const metadataBytes = Buffer.byteLength(taken.metadata);
  const serialized = serializeChanged(serializer, given, metadata, newVersions, known?.cached, metadataBytes);
  const changed = serialized instanceof Promise ? await serialized : serialized;
  const readying = store.ready("put", config);
  if (readying !== undefined) await readying;
  if (parentPut !== undefined) await parentPut;
  let isRepeated = false;
  await saver.threads.write(ref.threadId, taken.token, async () => {
    let { life } = taken;
    let parent = known ?? (parentRef && ((parentPut && cache.get(parentRef)) ?? (await readEntry(saver, parentRef))));
    // The guard fails when a prune freed segments since the thread was read. Read it again and retry.
    for (;;) {
      const stored = parent === "not-stored" ? undefined : parent;
      const cached = parent === "not-stored" ? parent : parent?.cached;
      const resolving = resolveUpdates(serializer, given, newVersions, changed, cached);
      const updates = resolving instanceof Promise ? await resolving : resolving;
      const related = parentRef && stored && cache.related(parentRef, stored.guard);
      const encoding = encodeCheckpoint(owner, given, updates, stored?.cached, related);
      const encoded = encoding instanceof Promise ? await encoding : encoding;
      const input = { ...taken, life, isRepeated };
      isRepeated = true;
      const kind = await storeOn(saver, input, encoded, stored?.guard);
      if (kind === "past") return;
      if (kind === "stored") break;
      // What this process holds of the checkpoint and of its parent may link to what is gone.
      cache.delete(ref);
      if (parentRef !== undefined) cache.delete(parentRef);
      parent = parentRef && (await readEntry(saver, parentRef));
      // It was there when the guard was read: it was deleted with its thread, or pruned, or the store has lost it. The store knows which, and refuses
      // the first; else the values given are the only ones left.
      if (parent === "not-stored") life = stored?.guard.threadKey;
    }
    // The run goes on from the new checkpoint. Keeping both would double what a thread holds in the cache.
    if (parentRef !== undefined && parentId !== ref.checkpointId) cache.delete(parentRef);
  });
}

/**
 * @param guard of the thread, also where no segment is reused: one that was deleted meanwhile must not come back (contract C-51).
 * @returns "changed" when the thread was not as it was read, and "lost" when segments are gone; then nothing was stored.
 */
async function storeOn(
  { store, cache, lives }: SaverContext,
  input: Omit<PutInput, "record" | "created" | "guard">,
  { record, created, cached, reusesSegments }: EncodedCheckpoint,
  guard: ThreadGuard | undefined,
): Promise<"stored" | "past" | "changed" | "lost"> {
  const { ref } = input;
  // Before the answer: the tasks that run on this checkpoint do not wait for it.
  const values = created.filter((segment) => segment.id !== cached.keyframe?.id);
  cache.addRelated(ref, values, reusesSegments ? guard : undefined);
  cache.setInFlight(ref, cached, guard, created);
  try {
    const compressing = compressed(created);
    const segments = compressing instanceof Promise ? await compressing : compressing;
    const outcome = await store.put({ ...input, record, guard, created: segments });
    const { kind } = outcome;
    if (kind === "past" || kind === "changed" || kind === "lost") return kind;
    if (kind !== "stored") throw refusalError(outcome, ref.threadId);
    if (ref.namespace === "") lives.note(ref.threadId, outcome.guard.threadKey, input.config);
    cache.acknowledge(ref, created, outcome.guard);
    cache.set(ref, cached, outcome.guard, record);
    return kind;
  } finally {
    cache.endInFlight(ref);
  }
}

/** The channels that `put` was given new values for, serialized. */
type ChangedChannels = ReadonlyMap<string, SerializedValue>;

/**
 * Serializes what changed, at the call: the channels of `newVersions`, or every one when the checkpoint is a copy (contract C-32, C-34).
 *
 * LangGraph's `updateState(config, …, "__copy__")` puts a copy with empty `newVersions` beside its original, under the original's parent, so the
 * values given are the only ones that are right.
 *
 * @param parent what this process knows of it, which only saves work.
 * @param metadataBytes of the put's metadata, which counts, too.
 */
export function serializeChanged(
  serializer: ValueSerializer,
  { channel_values: values }: Pick<Checkpoint, "channel_values">,
  metadata: CheckpointMetadata,
  newVersions: ChannelVersions,
  parent?: CachedCheckpoint,
  metadataBytes = 0,
): ChangedChannels | Promise<ChangedChannels> {
  const put = serializer.newPut();
  put.add(metadataBytes);
  const names = Object.keys(metadata.source === "fork" ? values : newVersions).filter((name) => Object.hasOwn(values, name));
  const dumped = all(names.map((name) => serializer.dumpAfter(parent?.channels.get(name), values[name], name, put)));
  const byName = (each: readonly SerializedValue[]): ChangedChannels =>
    new Map(names.map((name, n) => [name, each[n] as SerializedValue]));
  return dumped instanceof Promise ? dumped.then(byName) : byName(dumped);
}

/**
 * What becomes of every channel: changed ones take their new value, others carry over from the parent where it holds them at the same version, and
 * take the value given where it does not (contract C-33).
 *
 * @param parent `undefined`: there is none; `"not-stored"`: one is named that the store does not have.
 */
export function resolveUpdates(
  serializer: ValueSerializer,
  { channel_values: values, channel_versions: versions }: Pick<Checkpoint, "channel_values" | "channel_versions">,
  newVersions: ChannelVersions,
  changed: ChangedChannels,
  parent: CachedCheckpoint | "not-stored" | undefined,
): Map<string, ChannelUpdate> | Promise<Map<string, ChannelUpdate>> {
  const updates = new Map<string, ChannelUpdate>();
  const given: string[] = [];
  const put = serializer.newPut();
  for (const { bytes } of changed.values()) put.add(bytes.length);
  for (const channel of new Set([...Object.keys(values), ...Object.keys(versions)])) {
    const update = changed.get(channel);
    if (update !== undefined) updates.set(channel, update);
    else if (parent === undefined || Object.hasOwn(newVersions, channel)) continue;
    else if (
      parent !== "not-stored" &&
      Object.hasOwn(parent.versions, channel) &&
      parent.versions[channel] === versions[channel]
    ) {
      const carried = parent.channels.get(channel);
      if (carried === undefined) continue;
      put.add(carried.bytes.length);
      updates.set(channel, "carried-over");
    } else if (Object.hasOwn(values, channel)) {
      given.push(channel);
      // Keeps its place.
      updates.set(channel, "carried-over");
    }
  }
  // Last: what has begun to be serialized must not be left alone by an error.
  const dumped = all(given.map((channel) => serializer.dump(values[channel], channel, put)));
  const withGiven = (each: readonly SerializedValue[]): Map<string, ChannelUpdate> => {
    for (const [n, channel] of given.entries()) updates.set(channel, each[n] as SerializedValue);
    return updates;
  };
  return dumped instanceof Promise ? dumped.then(withGiven) : withGiven(dumped);
}

/** The most graphs around a subgraph. LangGraph nests a few; metadata with thousands is not LangGraph's. */
const MOST_ORIGINS = 64;

/**
 * The checkpoints that one belongs to: its parent, and those on which the graphs around its subgraph ran, which LangGraph names in
 * `metadata.parents`. A subgraph's first checkpoint has no other tie to its thread.
 */
function lineageOf(
  { namespace, checkpointId }: CheckpointRef,
  parentId: string | undefined,
  { parents }: CheckpointMetadata,
): CheckpointKey[] {
  const lineage: CheckpointKey[] = [];
  if (parentId !== undefined && parentId !== checkpointId) lineage.push({ namespace, checkpointId: parentId });
  if (typeof parents !== "object" || parents === null) return lineage;
  for (const [around, id] of Object.entries(parents).slice(0, MOST_ORIGINS)) {
    if (around !== namespace && isCheckpointKey(around, id)) lineage.push({ namespace: around, checkpointId: id });
  }
  return lineage;
}
