import { setTimeout as wait } from "node:timers/promises";
import type { RunnableConfig } from "@langchain/core/runnables";
import type {
  BaseCheckpointSaver,
  CheckpointListOptions,
  CheckpointTuple,
  DeltaChannelHistory,
} from "@langchain/langgraph-checkpoint";
import { type CheckpointRef, namespaceConfig } from "../config/ids.js";
import { markCopied, withLeaseToken } from "../config/run-config.js";
import { ThreadBusyError } from "../errors.js";
import type { LeaseOptions, ThreadLease } from "../leases/lease.js";
import { entryCache } from "../store/entry-cache.js";
import { type CopyOutcome, MOST_REMEMBERED } from "../store/thread-store.js";
import { asOurs, plainConfig, threadIdOf } from "./fallback-saver.js";
import { importThread, type ThreadImport, type ThreadImportOptions } from "./import-thread.js";
import { EMPTY, isMigrationMarker, markerConfig, markerId } from "./marker.js";
import type { ThreadSource } from "./thread-source.js";

/** What migrations need of the saver whose threads they bring here. */
export interface MigrationTarget {
  /** The same store, without the old saver. */
  readonly here: BaseCheckpointSaver & { acquireThread(threadId: string, options?: LeaseOptions): Promise<ThreadLease> };
  /** Whether the root graph of the thread has a checkpoint in the store. */
  hasRoot(threadId: string): Promise<boolean>;
  /** Deletes a thread, under the lease with this token. */
  deleteThread(threadId: string, token: string | undefined): Promise<void>;
}

/**
 * Where a thread is, as far as the new store knows: all of it here; not here; or a copy of it was begun, and is not complete. Then the old saver has it,
 * and what stands here is not looked at.
 */
type Place = "here" | "absent" | "incomplete";

/** As migrations call themselves when they have a lease. It is short, so that others wait for it. */
const OWNER = "holdfast migration";
/** How long a write waits for the migration of its thread by another process, in milliseconds. */
const PATIENCE_MS = 60_000;
const MIN_POLL_MS = 10;
const MAX_POLL_MS = 250;
/** Threads that are known to be here, so that nothing is asked about them any more. */
const MOST_KNOWN = 10_000;
const BATCH = 16;

/**
 * Reads threads that are not here yet from the saver that a service used before, and takes each over as a whole before it is first written to (contract
 * C-112 and C-113).
 *
 * A copy takes many steps, and readers must not see half of it. So while one is being made, a thread of another id, the *marker*, stands in the store:
 * with it, the thread is not here. Both survive a crash, and the next write goes on with the copy. Whoever copies has the lease of the thread: a copier that
 * stalled is fenced, and can write nothing over what a run did meanwhile.
 */
export class OnDemandMigration implements ThreadSource {
  readonly #fallback: BaseCheckpointSaver;
  readonly #target: MigrationTarget;
  readonly #known = entryCache<true>(MOST_KNOWN);
  /** By thread and token: the writes of a superstep come together, and one of them is enough. */
  readonly #running = new Map<string, Promise<ThreadImport | undefined>>();

  constructor(fallback: BaseCheckpointSaver, target: MigrationTarget) {
    this.#fallback = fallback;
    this.#target = target;
  }

  async getTuple(
    config: RunnableConfig,
    threadId: string,
    own: () => Promise<CheckpointTuple | undefined>,
  ): Promise<CheckpointTuple | undefined> {
    const place = await this.#place(threadId);
    if (place === "here") return own();
    const tuple = await this.#fallback.getTuple(plainConfig(config, threadId));
    if (tuple !== undefined) return asOurs(tuple, threadId);
    return place === "absent" ? own() : undefined;
  }

  async *list(
    config: RunnableConfig,
    options: CheckpointListOptions,
    threadId: string | undefined,
    own: (options: CheckpointListOptions) => AsyncGenerator<CheckpointTuple>,
  ): AsyncGenerator<CheckpointTuple> {
    if (threadId === undefined) {
      yield* this.#listAll(config, options, own);
      return;
    }
    const place = await this.#place(threadId);
    let count = 0;
    if (place !== "here") {
      for await (const tuple of this.#fallback.list(plainConfig(config, threadId), options)) {
        count += 1;
        yield asOurs(tuple, threadId);
      }
    }
    if (place === "here" || (place === "absent" && count === 0)) yield* own(options);
  }

  /** The threads that are here, and then those that are not. */
  async *#listAll(
    config: RunnableConfig,
    { limit = Number.POSITIVE_INFINITY, ...options }: CheckpointListOptions,
    own: (options: CheckpointListOptions) => AsyncGenerator<CheckpointTuple>,
  ): AsyncGenerator<CheckpointTuple> {
    // One that has only checkpoints of subgraphs so far, as with durability "exit", is ours where the old saver does not have it.
    const isOurs = oncePerThread(async (threadId) => {
      const place = await this.#place(threadId);
      return place === "here" || (place === "absent" && !(await this.#isInFallback(threadId)));
    });
    const isHere = oncePerThread(async (threadId) => (await this.#place(threadId)) === "here");
    const shown = new Set<string>();
    const { here } = this.#target;
    const all = async function* (fallback: BaseCheckpointSaver): AsyncGenerator<CheckpointTuple> {
      for await (const tuple of own(options)) {
        const threadId = threadIdOf(tuple);
        if (isMigrationMarker(threadId) || !(await isOurs(threadId))) continue;
        shown.add(threadId);
        yield tuple;
      }
      for await (const tuple of fallback.list(config, options)) {
        const threadId = threadIdOf(tuple);
        if (shown.has(threadId)) continue;
        if (!(await isHere(threadId))) yield asOurs(tuple, threadId);
        else {
          // It was copied since the first pass.
          shown.add(threadId);
          yield* here.list({ configurable: { ...config.configurable, thread_id: threadId } }, options);
        }
      }
    };
    if (limit <= 0) return;
    let left = limit;
    for await (const tuple of all(this.#fallback)) {
      yield tuple;
      left -= 1;
      if (left <= 0) return;
    }
  }

  async getDeltaChannelHistory(
    options: { readonly config: RunnableConfig; readonly channels: string[] },
    threadId: string,
    own: () => Promise<Record<string, DeltaChannelHistory>>,
  ): Promise<Record<string, DeltaChannelHistory>> {
    const place = await this.#place(threadId);
    if (place === "here" || (place === "absent" && !(await this.#isInFallback(threadId)))) return own();
    return this.#fallback.getDeltaChannelHistory({ ...options, config: plainConfig(options.config, threadId) });
  }

  /**
   * Writes to a thread, which is then here.
   *
   * @param token of the lease under which the caller writes.
   * @throws ThreadBusyError when another process takes longer than a minute to migrate it; what both savers throw.
   */
  async write<T>(threadId: string, token: string | undefined, write: () => Promise<T>): Promise<T> {
    if (!this.#known.has(threadId)) {
      const key = `${token ?? ""} ${threadId}`;
      let running = this.#running.get(key);
      if (running === undefined) {
        running = this.#migrate(threadId, token).finally(() => this.#running.delete(key));
        this.#running.set(key, running);
      }
      await running;
    }
    const result = await whileBeingMigrated(write);
    this.#known.set(threadId, true);
    return result;
  }

  /**
   * Deletes a thread in both stores, under its lease as long as it may be migrated. What the old saver has of it is noted here, so that a run that read it
   * there and goes on is refused (contract C-51).
   */
  async delete(threadId: string, token: string | undefined, own: (token: string | undefined) => Promise<void>): Promise<void> {
    if ((await this.#place(threadId)) === "here") {
      // First there: whoever finds nothing here must find nothing there.
      await this.#fallback.deleteThread(threadId);
      await whileBeingMigrated(() => own(token));
      return;
    }
    const lease = token === undefined ? await whileBeingMigrated(() => this.#acquire(threadId)) : undefined;
    const held = token ?? (lease as ThreadLease).token;
    try {
      // While we waited for the lease, others may have migrated it: what is here is not overwritten with names then.
      const last = (await this.#place(threadId)) === "here" ? [] : await this.#lastInFallback(threadId);
      if (last.length > 0) await this.#putMarker(threadId);
      await this.#fallback.deleteThread(threadId);
      await this.#putNames(last, held);
      await own(held);
      await this.#removeMarker(threadId);
    } finally {
      await lease?.release();
    }
  }

  /** The checkpoints that a run may go on from. Those that cannot be read do not stand in the way of a deletion. */
  async #lastInFallback(threadId: string): Promise<CheckpointRef[]> {
    const last: CheckpointRef[] = [];
    try {
      for await (const { config, checkpoint } of this.#fallback.list(
        { configurable: { thread_id: threadId } },
        { limit: MOST_REMEMBERED },
      )) {
        last.push({ threadId, namespace: String(config.configurable?.checkpoint_ns ?? ""), checkpointId: checkpoint.id });
      }
    } catch {
      // The old saver reads values along with names, and may fail at one of them.
    }
    return last;
  }

  /** Checkpoints without content, oldest first: a store remembers the names of what it deletes. The marker hides them. */
  async #putNames(refs: readonly CheckpointRef[], token: string): Promise<void> {
    const { here } = this.#target;
    const names = [...refs].reverse();
    while (names.length > 0) {
      const puts = names.splice(0, BATCH).map(({ checkpointId, ...where }) => {
        const config = markCopied(withLeaseToken(namespaceConfig(where), where.threadId, token));
        return here.put(config, { ...EMPTY, id: checkpointId }, { source: "update", step: -1, parents: {} }, {});
      });
      await Promise.all(puts);
    }
  }

  /**
   * Copies a thread, which is then here as a whole. Nothing may be under the target's id in the old saver either: it would be hidden by the copy.
   *
   * @param copy in the store.
   */
  async copy(from: string, to: string, copy: () => Promise<CopyOutcome>): Promise<CopyOutcome> {
    if ((await this.#place(to)) !== "here" && (await this.#isInFallback(to))) return { kind: "exists" };
    await this.#migrate(from, undefined);
    return whileBeingMigrated(async () => {
      const outcome = await copy();
      if (outcome.kind === "incomplete") throw beingMigrated(from);
      return outcome;
    });
  }

  /** Imports a thread in the presence of runs: from the old saver, by migrating it. One that is here already is not looked at. */
  async importFrom(
    source: BaseCheckpointSaver,
    threadId: string,
    how: Omit<ThreadImportOptions, "forWriting">,
  ): Promise<ThreadImport> {
    if (source !== this.#fallback) return importThread(source, this.#target.here, threadId, { ...how, forWriting: asItIs });
    return (await this.#migrate(threadId, undefined, how)) ?? NOTHING;
  }

  /** Whoever reads a checkpoint here before the marker may read of a copy that is complete only by the time that the marker is looked for. So: never both. */
  async #place(threadId: string): Promise<Place> {
    if (this.#known.has(threadId)) return "here";
    if (!(await this.#target.hasRoot(threadId))) return "absent";
    if ((await this.#target.here.getTuple(markerConfig(threadId))) !== undefined) return "incomplete";
    this.#known.set(threadId, true);
    return "here";
  }

  async #isInFallback(threadId: string): Promise<boolean> {
    return (await this.#fallback.getTuple({ configurable: { thread_id: threadId, checkpoint_ns: "" } })) !== undefined;
  }

  /** @returns `undefined` when there was nothing to do. */
  async #migrate(
    threadId: string,
    token: string | undefined,
    how: Omit<ThreadImportOptions, "forWriting"> = QUIETLY,
  ): Promise<ThreadImport | undefined> {
    return whileBeingMigrated(async () => {
      const place = await this.#place(threadId);
      if (place === "here" || (place === "absent" && !(await this.#isInFallback(threadId)))) return undefined;
      if (token !== undefined) return this.#copy(threadId, token, how);
      const lease = await this.#acquire(threadId);
      try {
        return await this.#copy(threadId, lease.token, how);
      } finally {
        await lease.release();
      }
    });
  }

  async #copy(threadId: string, token: string, how: Omit<ThreadImportOptions, "forWriting">): Promise<ThreadImport | undefined> {
    // While we waited for the lease, others may have done it.
    const place = await this.#place(threadId);
    if (place === "here") return undefined;
    if (!(await this.#isInFallback(threadId))) {
      // It was deleted there while it was copied.
      if (place === "incomplete") await this.#target.deleteThread(threadId, token);
      await this.#removeMarker(threadId);
      return undefined;
    }
    const { here } = this.#target;
    await this.#putMarker(threadId);
    const forWriting = (config: RunnableConfig): RunnableConfig => withLeaseToken(config, threadId, token);
    const copied = await importThread(this.#fallback, here, threadId, { ...how, forWriting });
    await this.#removeMarker(threadId);
    this.#known.set(threadId, true);
    return copied;
  }

  #acquire(threadId: string): Promise<ThreadLease> {
    return this.#target.here.acquireThread(threadId, { owner: OWNER });
  }

  async #putMarker(threadId: string): Promise<void> {
    const marker = { ...EMPTY, id: "incomplete" };
    await this.#target.here.put(markerConfig(threadId), marker, { source: "update", step: -1, parents: {} }, {});
  }

  async #removeMarker(threadId: string): Promise<void> {
    await this.#target.here.deleteThread(markerId(threadId));
  }
}

/** What a call gets that meets a thread of which only a part is here. */
export function beingMigrated(threadId: string): ThreadBusyError {
  return new ThreadBusyError(threadId, OWNER, 0);
}

/** Does what a migration by another process may stand in the way of; again, as long as that is so. */
async function whileBeingMigrated<T>(action: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (let delay = MIN_POLL_MS; ; delay = Math.min(2 * delay, MAX_POLL_MS)) {
    try {
      return await action();
    } catch (error) {
      // No time left: nobody has it, but somebody began the thread, or ended a lease, at this moment.
      const isBeingMigrated = error instanceof ThreadBusyError && (error.owner === OWNER || error.remainingMs === 0);
      if (!isBeingMigrated || performance.now() >= giveUpAt) throw error;
      await wait(delay * (0.5 + Math.random()));
    }
  }
}

/** Remembers what was found of each thread, which must not change in the middle of its checkpoints. */
function oncePerThread(ask: (threadId: string) => Promise<boolean>): (threadId: string) => Promise<boolean> {
  const found = new Map<string, Promise<boolean>>();
  return (threadId) => {
    const answer = found.get(threadId) ?? ask(threadId);
    found.set(threadId, answer);
    return answer;
  };
}

const NOTHING: ThreadImport = { checkpoints: 0, writes: 0, skipped: 0, isLeftAlone: false };
const QUIETLY = { batch: BATCH, signal: undefined, onCheckpoint: (): void => {} };
const asItIs = (config: RunnableConfig): RunnableConfig => config;

/** Where a saver of ours keeps its migration, for `importThreads`. */
export const ON_DEMAND_MIGRATION: unique symbol = Symbol.for("holdfast.on-demand-migration") as never;

export function onDemandMigrationOf(saver: BaseCheckpointSaver): OnDemandMigration | undefined {
  return (saver as { readonly [ON_DEMAND_MIGRATION]?: OnDemandMigration })[ON_DEMAND_MIGRATION];
}
