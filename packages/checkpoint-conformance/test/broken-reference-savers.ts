// One file: a list of small savers, each broken in one way, beside which the next one is written.
import type { RunnableConfig } from "@langchain/core/runnables";
import type {
  CheckpointListOptions,
  CheckpointMetadata,
  CheckpointPendingWrite,
  CheckpointTuple,
  PendingWrite,
} from "@langchain/langgraph-checkpoint";
import { type PreparedPut, ReferenceSaver } from "./reference-saver.js";
import {
  inTaskOrder,
  type Kept,
  ReferenceSaverError,
  type ReferenceStore,
  type Row,
  type ThreadRows,
  type WriteRow,
} from "./reference-store.js";

const aTick = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Loses the last write of a batch. */
export class DropsAWrite extends ReferenceSaver {
  override putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string, taskPath?: string): Promise<void> {
    return super.putWrites(config, writes.length > 1 ? writes.slice(0, -1) : writes, taskId, taskPath);
  }
}

/** Lets a run without a thread begin: its first put is refused, after its first node. */
export class BeginsRunsWithoutThread extends ReferenceSaver {
  protected override isOfARun(): boolean {
    return false;
  }
}

/** Keeps checkpoints and writes by their id alone. */
export class ForgetsNamespace extends ReferenceSaver {
  protected override keyOf(_ns: string, id: string): string {
    return super.keyOf("", id);
  }
}

const blobs = new WeakMap<ReferenceStore, Map<string, Kept>>();

/** Keeps one value per channel and version: that of the last writer. */
export class LastWriterWinsOnVersion extends ReferenceSaver {
  #blobs(): Map<string, Kept> {
    const known = blobs.get(this.store) ?? new Map<string, Kept>();
    blobs.set(this.store, known);
    return known;
  }

  protected override valuesOf(put: PreparedPut, rows: ThreadRows): Map<string, Kept> {
    const values = super.valuesOf(put, rows);
    for (const [channel, kept] of values) {
      this.#blobs().set(JSON.stringify([put.thread, put.ns, channel, put.versions[channel]]), kept);
    }
    return values;
  }

  protected override tupleOf(row: Row): Promise<CheckpointTuple> {
    const current = (channel: string): string => JSON.stringify([row.thread, row.ns, channel, row.versions[channel]]);
    const values = [...row.values].map(([channel, kept]) => [channel, this.#blobs().get(current(channel)) ?? kept] as const);
    return super.tupleOf({ ...row, values: new Map(values) });
  }
}

/** Orders by checkpoint id, which is the time of the writer. */
export class OrdersByClientClock extends ReferenceSaver {
  protected override compare(a: Row, b: Row): number {
    return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
  }
}

const withoutUndefined = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map((each) => (each === undefined ? null : withoutUndefined(each)));
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const kept = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(kept.map(([key, each]) => [key, withoutUndefined(each)]));
};

/** Leaves out properties that are `undefined`, as JSON does. */
export class LosesUndefined extends ReferenceSaver {
  protected override keep(channel: string, value: unknown): Promise<Kept> {
    return super.keep(channel, withoutUndefined(value));
  }
}

/** Knows nothing of threads that were deleted. */
export class ResurrectsDeletedThreads extends ReferenceSaver {
  protected override isTombstoned(): boolean {
    return false;
  }
}

/** Lists threads by prefix. */
export class LeaksAcrossPrefixes extends ReferenceSaver {
  protected override isInThread(row: Row, thread: string): boolean {
    return row.thread.startsWith(thread);
  }
}

/** Reads all of a list before it yields the first. */
export class BuffersLists extends ReferenceSaver {
  override async *list(config: RunnableConfig, options?: CheckpointListOptions): AsyncGenerator<CheckpointTuple> {
    const all: CheckpointTuple[] = [];
    for await (const tuple of super.list(config, options)) all.push(tuple);
    yield* all;
  }
}

/** Pages by number, so that what is added meanwhile shifts the pages. */
export class PagesByOffset extends ReferenceSaver {
  override async *list(config: RunnableConfig, options: CheckpointListOptions = {}): AsyncGenerator<CheckpointTuple> {
    for (let offset = 0; ; offset += 100) {
      const page: CheckpointTuple[] = [];
      for await (const tuple of super.list(config, options)) page.push(tuple);
      const next = page.slice(offset, offset + 100);
      yield* next;
      if (next.length === 0) return;
    }
  }
}

/** Takes a limit of 0 for none. */
export class TakesLimitZeroForNone extends ReferenceSaver {
  override list(config: RunnableConfig, { limit, ...options }: CheckpointListOptions = {}): AsyncGenerator<CheckpointTuple> {
    return super.list(config, { ...options, ...(limit ? { limit } : {}) });
  }
}

/** Stores the checkpoint first and its values a moment later. */
export class WritesPutsInHalves extends ReferenceSaver {
  override async put(...args: Parameters<ReferenceSaver["put"]>): Promise<RunnableConfig> {
    const [config, checkpoint, metadata, versions] = args;
    const half = Object.entries(checkpoint.channel_values).slice(0, Object.keys(checkpoint.channel_values).length / 2);
    await super.put(config, { ...checkpoint, channel_values: Object.fromEntries(half) }, metadata, versions);
    await aTick();
    return super.put(...args);
  }
}

/** Stores each write by itself. */
export class WritesBatchesOneByOne extends ReferenceSaver {
  override async putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string, taskPath?: string): Promise<void> {
    for (let length = 1; length <= writes.length; length += 1) {
      await super.putWrites(config, writes.slice(0, length), taskId, taskPath);
      await aTick();
    }
  }
}

/** Stores what came before the value that it cannot keep. */
export class LeavesPartsOfFailedPuts extends ReferenceSaver {
  override async put(...args: Parameters<ReferenceSaver["put"]>): Promise<RunnableConfig> {
    const [config, checkpoint, metadata, versions] = args;
    try {
      return await super.put(...args);
    } catch (error) {
      await super.put(config, { ...checkpoint, channel_values: {} }, metadata, versions).catch(() => undefined);
      throw error;
    }
  }
}

const contains = (whole: unknown, part: unknown): boolean => {
  if (typeof part !== "object" || part === null || typeof whole !== "object" || whole === null) return whole === part;
  if (Array.isArray(part)) return part.every((each) => Object.values(whole).some((other) => contains(other, each)));
  return Object.entries(part).every(([key, each]) => contains(Reflect.get(whole, key), each));
};

/** Filters as `@>` of Postgres does. */
export class FiltersByContainment extends ReferenceSaver {
  protected override matches(metadata: Readonly<Record<string, unknown>>, filter: Readonly<Record<string, unknown>>): boolean {
    return contains(metadata, JSON.parse(JSON.stringify(filter)));
  }
}

/** Counts a checkpoint among those before it. */
export class BeforeIncludesItself extends ReferenceSaver {
  protected override isBefore(row: Row, id: string): boolean {
    return row.id === id || super.isBefore(row, id);
  }
}

/** Keeps the first of two special writes. */
export class IgnoresSpecialReplacement extends ReferenceSaver {
  protected override replaces(): boolean {
    return false;
  }
}

/** Orders all writes by their task's id, whatever its path. */
export class SortsWritesByTask extends ReferenceSaver {
  protected override orderWrites(writes: readonly WriteRow[]): WriteRow[] {
    const withoutPath = (write: WriteRow): WriteRow => ({ ...write, path: undefined });
    return [...writes].sort((a, b) => inTaskOrder(withoutPath(a), withoutPath(b)));
  }
}

/** Gives a checkpoint that is put again a new place. */
export class MovesWhatIsPutAgain extends ReferenceSaver {
  protected override commitNumber(): number {
    return this.store.nextCommit();
  }
}

/** Hands the caller's config back. */
export class HandsConfigBack extends ReferenceSaver {
  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const tuple = await super.getTuple(config);
    return tuple && { ...tuple, config: { ...config, configurable: { ...config.configurable, ...tuple.config.configurable } } };
  }
}

/** Finds the latest of the thread, whatever the namespace. */
export class FindsLatestOfAnyNamespace extends ReferenceSaver {
  protected override headOf(thread: string, ns: string): Row | undefined {
    const rows = [...(this.store.threads.get(thread)?.rows.values() ?? [])];
    return rows.sort((a, b) => this.compare(b, a))[0] ?? super.headOf(thread, ns);
  }
}

/** Keeps the value itself, not a copy. */
export class KeepsReferences extends ReferenceSaver {
  protected override async keep(_channel: string, value: unknown): Promise<Kept> {
    return { plain: value };
  }
}

/** Lets everybody write. */
export class HasNoFence extends ReferenceSaver {
  protected override checkFence(): void {}
}

/** Takes any token for that of the live lease. */
export class AcceptsOldTokens extends ReferenceSaver {
  protected override checkFence(thread: string, token: string | undefined): void {
    if (token === undefined) super.checkFence(thread, token);
  }
}

/** Frees the thread, whoever has it. */
export class ReleasesWithoutComparing extends ReferenceSaver {
  protected override release(thread: string): void {
    this.store.leases.delete(thread);
  }
}

/** Counts tokens from the lease that is there, so that they begin anew. */
export class BeginsTokensAnew extends ReferenceSaver {
  protected override nextToken(thread: string): bigint {
    return (this.store.leases.get(thread)?.token ?? 0n) + 1n;
  }
}

/** Grants the lease of a thread that is in use. */
export class GrantsTwice extends ReferenceSaver {
  protected override liveLease() {
    return undefined;
  }
}

/** Takes a thread that waits for a human for one that was abandoned. */
export class ResumesWhatWaits extends ReferenceSaver {
  protected override waits(): boolean {
    return false;
  }
}

/** Lets both of two runs go on. */
export class IgnoresConflicts extends ReferenceSaver {
  protected override checkHead(): void {}
}

/** Loses metadata that it does not know. */
export class KeepsKnownMetadata extends ReferenceSaver {
  protected override metadataText({ source, step, parents }: CheckpointMetadata): string {
    return JSON.stringify({ source, step, parents });
  }
}

/** Gives the writes of the parent along with those of the checkpoint. */
export class InheritsWrites extends ReferenceSaver {
  protected override async pendingWrites(thread: string, ns: string, id: string): Promise<CheckpointPendingWrite[]> {
    const parent = this.store.threads.get(thread)?.rows.get(this.keyOf(ns, id))?.parent;
    const inherited = parent === undefined ? [] : await super.pendingWrites(thread, ns, parent);
    return [...inherited, ...(await super.pendingWrites(thread, ns, id))];
  }
}

/** Leaves it to the caller to repeat a call whose connection was cut. */
export class GivesUpWhatWasCut extends ReferenceSaver {
  #cuts = this.store.cuts;

  protected override reconnect(): number {
    if (this.#cuts === this.store.cuts) return super.reconnect();
    this.#cuts = this.store.cuts;
    throw new ReferenceSaverError("storeUnavailable", "The connection was cut.");
  }
}

/** Goes on with the connection that it has. */
export class NeverConnectsAgain extends ReferenceSaver {
  protected override reconnect(): number {
    throw new ReferenceSaverError("storeUnavailable", "The connection was cut.");
  }
}

/** Fails once with whatever the connection says. */
export class PassesConnectionErrorsOn extends ReferenceSaver {
  #cuts = this.store.cuts;

  protected override reconnect(): number {
    if (this.#cuts === this.store.cuts) return super.reconnect();
    this.#cuts = this.store.cuts;
    throw Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
  }
}

/** Acknowledges what it has not sent yet. */
export class LosesWhatWasCut extends ReferenceSaver {
  protected override commit(put: PreparedPut): void {
    const { cuts } = this.store;
    setImmediate(() => {
      if (cuts === this.store.cuts) super.commit(put);
    });
  }
}
