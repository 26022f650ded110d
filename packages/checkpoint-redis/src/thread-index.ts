import { entryCache } from "@holdfast/checkpoint-core/adapter";
import type { Connection } from "./client.js";
import { INDEX_SHARDS, type Keys } from "./keys.js";
import { type TimedThreadKey, timedThreadKey } from "./operations/thread-key.js";
import type { StoredOutcome } from "./operations/write-outcome.js";
import { script } from "./script.js";
import indexThreadText from "./thread-index.add.lua";
import adoptEntryText from "./thread-index.adopt.lua";
import indexEntryText from "./thread-index.entry.lua";
import forgetThreadText from "./thread-index.forget.lua";
import listIndexText from "./thread-index.list.lua";
import { together } from "./together.js";

const adoptEntryScript = script(adoptEntryText);
const forgetThreadScript = script(forgetThreadText);
const indexEntryScript = script(indexEntryText);
const indexThreadScript = script(indexThreadText);
const listIndexScript = script(listIndexText);

/**
 * The index of threads, so that `list` without a thread does not search all keys of the server.
 *
 * On a cluster, a thread and its entry are on different servers, so they cannot change in one step. The entry is written in parallel with the thread's first write,
 * not after it: a process that dies in between leaves at most an entry without a thread, which lists nothing. docs/operate/redis.md says what is eventual.
 */
export class ThreadIndex {
  readonly #redis: Connection;
  readonly #keys: Keys;
  /** Entries that this process wrote. Forgotten after an hour, so that a lost entry is written again. */
  readonly #entries = entryCache<Entry>(10_000, 3_600_000);

  constructor(redis: Connection, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** Writes to a thread, and ensures that its entry outlives it. */
  async during(threadId: string, { lastsMs, isOwn }: ThreadTime, write: () => Promise<StoredOutcome>): Promise<StoredOutcome> {
    const isKnown = !isOwn && this.#covers(threadId, lastsMs) && this.#isOfThisMinute(threadId);
    const adding = isKnown ? undefined : this.#add(threadId, lastsMs, isOwn ? "own" : "default", true);
    const [entry, outcome] = await together(adding, write());
    if (outcome.kind !== "stored") {
      // A late write must not leave an entry of a deleted thread.
      const created = this.#entries.get(threadId)?.created;
      if (created !== undefined && (outcome.isGone || entry?.isNew === true)) await this.#forget("put", threadId, created);
      return outcome;
    }
    // A new thread with an existing entry: that may be about to go, with a deleted thread or a refused write.
    const { threadKey } = outcome.guard;
    if (outcome.isNew && entry?.isNew !== true) await this.#add(threadId, outcome.lastsMs, "anew", true, threadKey);
    else {
      if (entry !== undefined) entry.threadKey = threadKey;
      await this.cover(threadId, outcome.lastsMs, threadKey);
    }
    return outcome;
  }

  /**
   * Ensures that an expiring thread has an entry that outlives it, but not forever.
   *
   * @param threadKey distinguishes it from an earlier thread of its id, whose entry is gone, and may have lasted longer.
   */
  async cover(threadId: string, lastsMs: number, threadKey: string | undefined): Promise<void> {
    const known = this.#entries.get(threadId);
    const isForEver = known?.until === Number.POSITIVE_INFINITY;
    const isOfThisThread = known?.threadKey === threadKey;
    if (isOfThisThread && isForEver === (lastsMs === Number.POSITIVE_INFINITY) && this.#covers(threadId, lastsMs)) return;
    await this.#add(threadId, lastsMs, "exact", false, threadKey);
  }

  /** The same for a thread with a new time to live of its own: this process may remember an older entry. */
  async coverOwn(threadId: string, lastsMs: number): Promise<void> {
    await this.#add(threadId, lastsMs, "exact");
  }

  /**
   * Runs what makes a thread last for ever.
   *
   * The entry comes first: one that outlives its thread lists nothing, but a thread that outlives its entry is missing in lists.
   *
   * @param persist tells whether there is such a thread.
   */
  async persisting(threadId: string, persist: () => Promise<boolean>): Promise<boolean> {
    const { created } = await this.#add(threadId, Number.POSITIVE_INFINITY, "exact");
    const isThere = await persist();
    if (!isThere) await this.#forget("persist", threadId, created);
    return isThere;
  }

  /** Adds a thread that was not created by a run's write. */
  async addNew(threadId: string, lastsMs: number): Promise<void> {
    await this.#add(threadId, lastsMs, "anew", true);
  }

  /** Enters when a thread was begun and last written to, in microseconds since 1970, in place of when it was copied. */
  async adopt(
    threadId: string,
    { createdAt, updatedAt }: { readonly createdAt: string; readonly updatedAt: string },
  ): Promise<void> {
    const milliseconds = Math.floor(Number(updatedAt) / 1_000);
    const args = [threadId, createdAt, milliseconds - (milliseconds % 60_000)];
    await this.#redis.run("importThreads", adoptEntryScript, this.#keys.shardOf(threadId), args);
    // The next write is later than all that.
    this.#entries.delete(threadId);
  }

  /**
   * Runs what may end a thread, then removes its entry, unless another thread has it by then. The entry stays until the thread is known to be gone, so that a refused
   * deletion never hides it. A process that dies in between leaves an entry without a thread, which lists nothing.
   */
  async ending<T>(
    operation: string,
    threadId: string,
    work: (life: TimedThreadKey) => Promise<T>,
    fateOf: (outcome: T) => Fate,
  ): Promise<T> {
    const shard = this.#keys.shardOf(threadId).slice(0, 1);
    const [[, entry], before] = await Promise.all([
      this.#redis.run(operation, indexEntryScript, shard, [threadId]),
      timedThreadKey(this.#redis, this.#keys, threadId, operation),
    ]);
    const created = String(entry);
    const outcome = await work(before);
    const fate = fateOf(outcome);
    if (fate === "stays" || created === "") return outcome;
    // The thread existed before and no longer does: an earlier try, whose answer was lost, may have ended it.
    if (fate === "ended" || before.threadKey !== undefined) await this.#forget(operation, threadId, created);
    else await this.forgetAbsent(operation, threadId, created);
    return outcome;
  }

  /** Removes the entry of a missing thread, unless it is so new that the thread may be about to begin. */
  async forgetAbsent(operation: string, threadId: string, created: string): Promise<void> {
    await this.#forget(operation, threadId, created, LONG_AGO_MS);
  }

  /**
   * A thread that just began may have relied on this entry, and its process may have died since: then it gets its own entry.
   *
   * @param created when the entry was created, by the clock of its server.
   */
  async #forget(operation: string, threadId: string, created: string, oldMs = 0): Promise<void> {
    this.#entries.delete(threadId);
    const [status] = await this.#redis.run(operation, forgetThreadScript, this.#keys.shardOf(threadId), [
      threadId,
      created,
      oldMs,
    ]);
    if (String(status) !== "forgotten") return;
    const { threadKey, lastsMs } = await timedThreadKey(this.#redis, this.#keys, threadId, operation);
    if (threadKey !== undefined) await this.#add(threadId, lastsMs, "anew", false, threadKey);
  }

  /** All threads, the newest first, as far as the clocks of a cluster's servers agree. */
  async *threadIds(): AsyncGenerator<string> {
    const shards = Array.from({ length: INDEX_SHARDS }, (_, number) => new Shard(this.#redis, this.#keys.shard(number)));
    await Promise.all(shards.map((shard) => shard.load()));
    for (;;) {
      const [newest] = shards.filter((shard) => shard.head !== undefined).sort((a, b) => b.created - a.created);
      if (newest?.head === undefined) return;
      yield newest.head;
      await newest.advance();
    }
  }

  /** Whether the entry has a write in the current minute of its server's clock. */
  #isOfThisMinute(threadId: string): boolean {
    return (this.#entries.get(threadId)?.minuteUntil ?? Number.NEGATIVE_INFINITY) > performance.now();
  }

  #covers(threadId: string, lastsMs: number): boolean {
    const until = this.#entries.get(threadId)?.until;
    return until !== undefined && until >= performance.now() + lastsMs;
  }

  /** The entry lasts 1.5 times as long as the thread, so that a thread in use rarely needs a new one. */
  async #add(threadId: string, lastsMs: number, known: Known, isWrite = false, threadKey?: string): Promise<Entry> {
    const entryMs = Math.ceil(lastsMs * 1.5);
    const expiry = entryMs === Number.POSITIVE_INFINITY ? "" : entryMs;
    const before = performance.now();
    const args = [threadId, expiry, known, isWrite ? "1" : "0"];
    const reply = await this.#redis.run("put", indexThreadScript, this.#keys.shardOf(threadId), args);
    const [, isNew = "", created = "", left = "", minuteLeft = ""] = reply.map(String);
    const entry: Entry = {
      threadKey,
      isNew: isNew === "1",
      created,
      until: left === "" ? Number.POSITIVE_INFINITY : before + Number(left),
      minuteUntil: isWrite ? before + Number(minuteLeft) : this.#entries.get(threadId)?.minuteUntil,
    };
    this.#entries.set(threadId, entry);
    return entry;
  }
}

/** Longer than any write is in flight. */
const LONG_AGO_MS = 3_600_000;

/** The outcome for a thread: it ended, it stays, or there was none. */
export type Fate = "ended" | "stays" | "absent";

/** The time to live that a write sets. */
export interface ThreadTime {
  /** Milliseconds until it expires; `Infinity`: never. */
  readonly lastsMs: number;
  /** Whether that is the thread's own time to live, rather than the default. */
  readonly isOwn: boolean;
}

/** What is known about the thread's time to live, see `thread-index.add.lua`. */
type Known = "default" | "own" | "exact" | "anew";

interface Entry {
  /** The thread's key, if known: the id may belong to another thread by now. */
  threadKey: string | undefined;
  /** Whether there was none. */
  readonly isNew: boolean;
  /** By the clock of its server. */
  readonly created: string;
  /** By the clock of this process. */
  readonly until: number;
  /** Until when the entry's minute of the last write is current, by the clock of this process. */
  readonly minuteUntil: number | undefined;
}

const PAGE = 64;

/** Reads one shard page by page. */
class Shard {
  readonly #redis: Connection;
  readonly #keys: readonly string[];
  #page: readonly (readonly [threadId: string, created: number])[] = [];
  #position = 0;

  constructor(redis: Connection, keys: readonly string[]) {
    this.#redis = redis;
    this.#keys = keys;
  }

  get head(): string | undefined {
    return this.#page[this.#position]?.[0];
  }

  get created(): number {
    return this.#page[this.#position]?.[1] ?? Number.NEGATIVE_INFINITY;
  }

  async load(): Promise<void> {
    const last = this.#page.at(-1);
    const reply = await this.#redis.run("list", listIndexScript, this.#keys, [
      last === undefined ? "" : last[1],
      last?.[0] ?? "",
      PAGE,
    ]);
    const [, members] = reply as readonly [unknown, readonly Buffer[]];
    this.#page = Array.from({ length: members.length / 2 }, (_, n) => [String(members[2 * n]), Number(members[2 * n + 1])]);
    this.#position = 0;
  }

  async advance(): Promise<void> {
    this.#position += 1;
    if (this.#position === this.#page.length && this.#page.length === PAGE) await this.load();
  }
}
