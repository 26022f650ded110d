import type { RunnableConfig } from "@langchain/core/runnables";
import type { PendingWrite } from "@langchain/langgraph-checkpoint";
import { checkpointRef, requiredId, taskPathArgument } from "../config/ids.js";
import { isCopied, labelsOf, leaseToken } from "../config/run-config.js";
import { ThreadDeletedError } from "../errors.js";
import { encodeWrites, type SerializedWrite, writeIndex } from "../format/pending-writes.js";
import type { SerializedValue } from "../format/record.js";
import { compressed } from "../format/segment.js";
import { all } from "../format/turn.js";
import { isSameGuard, type PutWritesInput } from "../store/checkpoint-store.js";
import { underSignal } from "../store/operation-signal.js";
import { refusalError } from "../store/refusal.js";
import type { CachedThread } from "./cache.js";
import type { SaverContext } from "./context.js";
import { readEntry } from "./get-tuple.js";
import { handled, nextCall, writeGraceMs } from "./run-writes.js";

/** Stores what a task wrote (contract C-40 to C-43). */
export function putWrites(
  saver: SaverContext,
  config: RunnableConfig,
  writes: readonly PendingWrite[],
  taskId: string,
  taskPath: string | undefined,
): Promise<void> {
  const store = (): Promise<void> =>
    underSignal(config.signal, () => storeWrites(saver, config, writes, taskId, taskPath), writeGraceMs(config));
  return saver.runs.of(config)?.putWrites(store) ?? handled(store());
}

async function storeWrites(
  saver: SaverContext,
  config: RunnableConfig,
  writes: readonly PendingWrite[],
  taskId: string,
  taskPath: string | undefined,
): Promise<void> {
  const { store, serializer, cache } = saver;
  // Everything up to the first await is taken as it is at the call (contract C-36).
  const ref = checkpointRef(config, "putWrites");
  requiredId(taskId, "taskId");
  const call = nextCall(isCopied(config));
  const place = taskPath === undefined ? { call } : { taskPath: taskPathArgument(taskPath) };
  if (writes.length === 0) return;
  const token = leaseToken(config, ref.threadId);
  const taken = { config, ref, taskId, place, runId: labelsOf(config, saver.labels).run_id, token, call };
  const places = writeIndex(writes).map((index, position) => ({
    channel: (writes[position] as PendingWrite)[0],
    index,
    position,
  }));
  const size = serializer.newPut();
  const dumping = all(writes.map(([channel, value]) => serializer.dump(value, channel, size)));
  const dumped = dumping instanceof Promise ? await dumping : dumping;
  const serialized = places.map((place, n) => ({ ...place, ...(dumped[n] as SerializedValue) }));
  const readying = store.ready("putWrites", config);
  if (readying !== undefined) await readying;
  await saver.threads.write(ref.threadId, token, async () => {
    const thread = cache.thread(ref);
    const kind = await storeOn(saver, taken, serialized, thread);
    if (kind === "stored" || kind === "past") return;
    // The thread is not the one that this process knew: nothing of that one is referred to, and what belonged to it comes too late.
    const wasStored = isSameGuard(cache.get(ref)?.guard, thread?.guard);
    if (kind === "changed" && wasStored && (await readEntry(saver, ref)) === "not-stored") {
      // Deleted with its thread; or pruned: then nobody would read the writes.
      if ((await store.threadKey(ref.threadId)) !== thread?.guard.threadKey) throw new ThreadDeletedError(ref.threadId);
      return;
    }
    await storeOn(saver, taken, serialized, undefined);
  });
}

/** @returns "changed" when the thread is not the one that was known, and "lost" when segments are gone; then nothing was stored. */
async function storeOn(
  { store, cache, lives }: SaverContext,
  taken: Omit<PutWritesInput, "slots" | "created" | "guard" | "lineage" | "life">,
  writes: readonly SerializedWrite[],
  thread: CachedThread | undefined,
): Promise<"stored" | "past" | "changed" | "lost"> {
  const { ref, taskId, place } = taken;
  const guard = thread?.guard;
  const basis = cache.basis(ref);
  const usable = isSameGuard(basis?.guard, guard) ? basis : undefined;
  const isAnother = usable !== undefined && usable.ref.checkpointId !== ref.checkpointId;
  const others = isAnother ? cache.related(usable.ref, guard) : [];
  const verbatim = [...cache.related(ref, guard), ...others];
  const repeatable = { verbatim, context: thread?.context, inFlight: usable?.inFlight };
  const owner = { ...ref, taskId, place };
  const encoding = encodeWrites(owner, writes, repeatable, usable?.cached.channels);
  // At once where it can be: what another task of the superstep writes repeats these segments.
  const { slots, created, reusesSegments } = encoding instanceof Promise ? await encoding : encoding;
  // Before the answer: the put of the next checkpoint does not wait for it.
  cache.addRelated(ref, created, reusesSegments ? guard : undefined);
  // The writes of a task may come before the put of their checkpoint is refused, or where it is not tried any more.
  const conditions = { guard, lineage: [ref], life: lives.of(ref.threadId, taken.config) };
  const compressing = compressed(created);
  const segments = compressing instanceof Promise ? await compressing : compressing;
  const outcome = await store.putWrites({ ...taken, ...conditions, slots, created: segments });
  const { kind } = outcome;
  if (kind === "stored") cache.acknowledge(ref, created, outcome.guard);
  if (kind === "stored" || kind === "past" || kind === "changed" || kind === "lost") return kind;
  throw refusalError(outcome, ref.threadId);
}
