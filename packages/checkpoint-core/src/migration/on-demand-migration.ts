import { setTimeout as wait } from "node:timers/promises";
import type { RunnableConfig } from "@langchain/core/runnables";
import type {
  BaseCheckpointSaver,
  CheckpointListOptions,
  CheckpointTuple,
  DeltaChannelHistory,
} from "@langchain/langgraph-checkpoint";
import { withLeaseToken } from "../config/run-config.js";
import { LeaseLostError, ThreadBusyError } from "../errors.js";
import type { LeaseSource } from "../leases/exclusive.js";
import type { CheckpointStore } from "../store/checkpoint-store.js";
import { entryCache } from "../store/entry-cache.js";
import { withoutSignal } from "../store/operation-signal.js";
import { beingMigrated, MIGRATION_OWNER } from "../store/refusal.js";
import { type CopyOutcome, MOST_REMEMBERED, type ThreadPlace } from "../store/thread-store.js";
import { asOurs, plainConfig, threadIdOf } from "./fallback-saver.js";
import { importThread, NOTHING_IMPORTED, type ThreadImport, type ThreadImportOptions } from "./import-thread.js";
import type { OwnDeletion, ThreadSource } from "./thread-source.js";

/** What migrations need of the target. */
export interface MigrationTarget {
  readonly store: Pick<CheckpointStore, "threadPlace" | "beginMigration" | "endMigration" | "deleteThread">;
  /** A saver on the same store that sees incomplete threads and has no fallback. */
  readonly here: LeaseSource;
}

/** How long a write waits for the migration of its thread by another process, in milliseconds. */
const PATIENCE_MS = 60_000;
const MIN_POLL_MS = 10;
const MAX_POLL_MS = 250;
/** How many threads are remembered as migrated, so that the store is not asked about them. */
const MOST_KNOWN = 10_000;

/**
 * Reads threads that are not here yet from the saver that a service used before, and copies each as a whole before its first write (contract C-112, C-113).
 *
 * A copy takes many steps, and readers must not see half of it. So the store hides a thread while it is copied. That survives a crash, and the next write
 * continues the copy. The copier holds the thread's lease: one that stalls is fenced, and cannot overwrite what a run did meanwhile.
 */
export class OnDemandMigration implements ThreadSource {
  readonly #fallback: BaseCheckpointSaver;
  readonly #target: MigrationTarget;
  readonly #known = entryCache<true>(MOST_KNOWN);
  /** By thread and token: the writes of a superstep come together, and share one migration. */
  readonly #running = new Map<string, Promise<ThreadImport>>();

  constructor(fallback: BaseCheckpointSaver, target: MigrationTarget) {
    this.#fallback = fallback;
    this.#target = target;
  }

  async getTuple(
    config: RunnableConfig,
    threadId: string,
    own: () => Promise<CheckpointTuple | undefined>,
  ): Promise<CheckpointTuple | undefined> {
    if (await this.#isHere(threadId)) return own();
    const tuple = await this.#fallback.getTuple(plainConfig(config, threadId));
    return tuple === undefined ? own() : asOurs(tuple, threadId);
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
    let count = 0;
    if (!(await this.#isHere(threadId))) {
      for await (const tuple of this.#fallback.list(plainConfig(config, threadId), options)) {
        count += 1;
        yield asOurs(tuple, threadId);
      }
    }
    if (count === 0) yield* own(options);
  }

  /** The threads that are here, then the others. */
  async *#listAll(
    config: RunnableConfig,
    { limit = Number.POSITIVE_INFINITY, ...options }: CheckpointListOptions,
    own: (options: CheckpointListOptions) => AsyncGenerator<CheckpointTuple>,
  ): AsyncGenerator<CheckpointTuple> {
    // With durability "exit", a new thread has only checkpoints of subgraphs at first. It is ours if the old saver does not have it.
    const isOurs = oncePerThread((threadId) => this.#isHereAlone(threadId));
    const isHere = oncePerThread((threadId) => this.#isHere(threadId));
    const shown = new Set<string>();
    const { here } = this.#target;
    const all = async function* (fallback: BaseCheckpointSaver): AsyncGenerator<CheckpointTuple> {
      for await (const tuple of own(options)) {
        const threadId = threadIdOf(tuple);
        if (!(await isOurs(threadId))) continue;
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
    if (await this.#isHereAlone(threadId)) return own();
    return this.#fallback.getDeltaChannelHistory({ ...options, config: plainConfig(options.config, threadId) });
  }

  /**
   * Migrates the thread if needed, then writes to it.
   *
   * @param token of the lease under which the caller writes.
   * @throws ThreadBusyError if another process takes longer than a minute to migrate it; what both savers throw.
   */
  async write<T>(threadId: string, token: string | undefined, write: () => Promise<T>): Promise<T> {
    return whileBeingMigrated(async () => {
      await this.#migrateOnce(threadId, token);
      try {
        const result = await write();
        this.#known.set(threadId, true);
        return result;
      } catch (error) {
        // It was deleted meanwhile, and begun again in the old store.
        if (isBeingMigrated(error)) this.#known.delete(threadId);
        throw error;
      }
    });
  }

  async #migrateOnce(threadId: string, token: string | undefined): Promise<void> {
    if (this.#known.has(threadId)) return;
    const key = `${token ?? ""} ${threadId}`;
    const migrate = (): Promise<ThreadImport> => this.#migrate(threadId, token).finally(() => this.#running.delete(key));
    const running = this.#running.get(key) ?? withoutSignal(migrate);
    this.#running.set(key, running);
    await running;
  }

  /**
   * Deletes a thread in both stores, under its lease as long as it may be migrated. The store remembers the old saver's checkpoints, to refuse a run that read
   * the thread there and continues (contract C-51).
   */
  async delete(threadId: string, token: string | undefined, own: OwnDeletion): Promise<void> {
    const isHere = await this.#isHere(threadId);
    const deleteBoth = async (held: string | undefined): Promise<void> => {
      const others = isHere ? [] : await this.#lastInFallback(threadId);
      // The old one first: when the thread is gone here, it must be gone there.
      await this.#fallback.deleteThread(threadId);
      await own(held, others);
    };
    await whileBeingMigrated(() => (isHere || token !== undefined ? deleteBoth(token) : this.#underLease(threadId, deleteBoth)));
  }

  /** The checkpoints that a run may continue from. Unreadable ones do not prevent a deletion. */
  async #lastInFallback(threadId: string): Promise<string[]> {
    const last: string[] = [];
    try {
      const thread = { configurable: { thread_id: threadId } };
      for await (const { checkpoint } of this.#fallback.list(thread, { limit: MOST_REMEMBERED })) last.push(checkpoint.id);
    } catch {
      // The old saver reads values along with ids, and may fail at one of them.
    }
    return last;
  }

  /**
   * Migrates a thread, then copies it. The old saver must not have a thread with the target's id either: the copy would hide it.
   *
   * @param copy copies it in the store.
   */
  async copy(from: string, to: string, copy: () => Promise<CopyOutcome>): Promise<CopyOutcome> {
    if (!(await this.#isHere(to)) && (await this.#isInFallback(to))) return { kind: "exists" };
    return whileBeingMigrated(async () => {
      await this.#migrate(from, undefined);
      const outcome = await copy();
      if (outcome.kind === "incomplete") throw beingMigrated(from);
      return outcome;
    });
  }

  /** Imports a thread beside running graphs. From the old saver, it migrates the thread, and skips one that is already here. */
  async importFrom(source: BaseCheckpointSaver, threadId: string, how: HowToImport): Promise<ThreadImport> {
    if (source === this.#fallback) return whileBeingMigrated(() => this.#migrate(threadId, undefined, how));
    return importThread(source, this.#target.here, threadId, { ...how, forWriting: (config) => config });
  }

  async #place(threadId: string): Promise<ThreadPlace> {
    if (this.#known.has(threadId)) return "here";
    const place = await this.#target.store.threadPlace(threadId);
    if (place === "here") this.#known.set(threadId, true);
    return place;
  }

  /** Whether all of the thread is here. */
  async #isHere(threadId: string): Promise<boolean> {
    return (await this.#place(threadId)) === "here";
  }

  /** Whether nothing of the thread has to be read from the old saver. */
  async #isHereAlone(threadId: string): Promise<boolean> {
    return (await this.#isHere(threadId)) || !(await this.#isInFallback(threadId));
  }

  async #isInFallback(threadId: string): Promise<boolean> {
    return (await this.#fallback.getTuple({ configurable: { thread_id: threadId, checkpoint_ns: "" } })) !== undefined;
  }

  async #migrate(threadId: string, token: string | undefined, how: HowToImport = QUIETLY): Promise<ThreadImport> {
    const place = await this.#place(threadId);
    if (place === "here" || (place === "absent" && !(await this.#isInFallback(threadId)))) return NOTHING_IMPORTED;
    const copy = (held: string): Promise<ThreadImport> => this.#copy(threadId, held, how);
    return token === undefined ? this.#underLease(threadId, copy) : copy(token);
  }

  async #copy(threadId: string, token: string, how: HowToImport): Promise<ThreadImport> {
    const { store, here } = this.#target;
    if (!(await this.#isInFallback(threadId))) {
      // It was deleted there during the copy.
      if ((await this.#place(threadId)) === "incomplete") await store.deleteThread(threadId, token);
      return NOTHING_IMPORTED;
    }
    if (!(await store.beginMigration(threadId, token))) {
      // Another process may have done it while we waited for the lease.
      if (await this.#isHere(threadId)) return NOTHING_IMPORTED;
      throw new LeaseLostError(threadId);
    }
    const forWriting = (config: RunnableConfig): RunnableConfig => withLeaseToken(config, threadId, token);
    const copied = await importThread(this.#fallback, here, threadId, { ...how, forWriting });
    if (!(await store.endMigration(threadId, token))) throw new LeaseLostError(threadId);
    this.#known.set(threadId, true);
    return copied;
  }

  async #underLease<T>(threadId: string, work: (token: string) => Promise<T>): Promise<T> {
    const lease = await this.#target.here.acquireThread(threadId, { owner: MIGRATION_OWNER });
    try {
      return await work(lease.token);
    } finally {
      await lease.release();
    }
  }
}

/** Repeats an action while another process is migrating the thread. */
async function whileBeingMigrated<T>(action: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (let delay = MIN_POLL_MS; ; delay = Math.min(2 * delay, MAX_POLL_MS)) {
    try {
      return await action();
    } catch (error) {
      if (!isBeingMigrated(error) || performance.now() >= giveUpAt) throw error;
      await wait(delay * (0.5 + Math.random()));
    }
  }
}

function isBeingMigrated(error: unknown): boolean {
  // With no time left nobody holds it: the thread was just begun, or its lease just ended.
  return error instanceof ThreadBusyError && (error.owner === MIGRATION_OWNER || error.remainingMs === 0);
}

/** Asks once per thread: the answer must not change in the middle of its checkpoints. */
function oncePerThread(ask: (threadId: string) => Promise<boolean>): (threadId: string) => Promise<boolean> {
  const found = new Map<string, Promise<boolean>>();
  return (threadId) => {
    const answer = found.get(threadId) ?? ask(threadId);
    found.set(threadId, answer);
    return answer;
  };
}

type HowToImport = Omit<ThreadImportOptions, "forWriting">;
const QUIETLY: HowToImport = { batch: 16, signal: undefined, onCheckpoint: () => {} };

/** Where a saver of ours keeps its migration, for `importThreads`. */
export const ON_DEMAND_MIGRATION: unique symbol = Symbol.for("holdfast.on-demand-migration") as never;
