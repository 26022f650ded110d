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
 * Which threads there are, so that `list` without a thread can find them without looking through all keys of the server.
 *
 * On a cluster a thread and its entry are on different servers, so they cannot change in one step. The entry is written beside the thread's first
 * write, not behind it: a process that dies in between leaves at most an entry without a thread, which lists nothing. docs/operate/redis.md says what is
 * eventual about it.
 */
export class ThreadIndex {
  readonly #redis: Connection;
  readonly #keys: Keys;
  /** Entries that this process wrote. Forgotten after an hour, so that an entry that got lost comes back. */
  readonly #entries = entryCache<Entry>(10_000, 3_600_000);

  constructor(redis: Connection, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** Does a write to a thread, and sees to it that the thread has an entry that outlives it. */
  async during(threadId: string, { lastsMs, isOwn }: ThreadTime, write: () => Promise<StoredOutcome>): Promise<StoredOutcome> {
    const isKnown = !isOwn && this.#covers(threadId, lastsMs) && this.#isOfThisMinute(threadId);
    const adding = isKnown ? undefined : this.#add(threadId, lastsMs, isOwn ? "own" : "default", true);
    const [entry, outcome] = await together(adding, write());
    if (outcome.kind !== "stored") {
      // A write that came too late must not leave the id of a deleted thread behind.
      const created = this.#entries.get(threadId)?.created;
      if (created !== undefined && (outcome.isGone || entry?.isNew === true)) await this.#forget("put", threadId, created);
      return outcome;
    }
    // A new thread where an entry was: that one may be on its way out, with the thread that was deleted or with a write that was refused.
    const { threadKey } = outcome.guard;
    if (outcome.isNew && entry?.isNew !== true) await this.#add(threadId, outcome.lastsMs, "anew", true, threadKey);
    else {
      if (entry !== undefined) entry.threadKey = threadKey;
      await this.cover(threadId, outcome.lastsMs, threadKey);
    }
    return outcome;
  }

  /**
   * Sees to it that a thread, which expires in so many milliseconds, has an entry that outlives it, and not for ever.
   *
   * @param threadKey tells it from an earlier one of its id: the entry of that went with it, and the new one may last shorter.
   */
  async cover(threadId: string, lastsMs: number, threadKey: string | undefined): Promise<void> {
    const known = this.#entries.get(threadId);
    const isForEver = known?.until === Number.POSITIVE_INFINITY;
    const isOfThisThread = known?.threadKey === threadKey;
    if (isOfThisThread && isForEver === (lastsMs === Number.POSITIVE_INFINITY) && this.#covers(threadId, lastsMs)) return;
    await this.#add(threadId, lastsMs, "exact", false, threadKey);
  }

  /** The same when the thread was given a time of its own: what this process remembers of the entry may be older. */
  async coverOwn(threadId: string, lastsMs: number): Promise<void> {
    await this.#add(threadId, lastsMs, "exact");
  }

  /** Enters a thread that was made otherwise than by a write of a run. */
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
   * Does what may end a thread, and then takes away its entry, unless that is another's by then. The entry stays until it is known that the thread is gone: what
   * is refused was never out of sight. A process that dies in between leaves an entry without a thread, which lists nothing.
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
    // A thread that was there and is not has ended: at the first try, say, whose answer was lost.
    if (fate === "ended" || before.threadKey !== undefined) await this.#forget(operation, threadId, created);
    else await this.forgetAbsent(operation, threadId, created);
    return outcome;
  }

  /** Takes away the entry of a thread that is not there, unless it is so new that the thread may be about to begin. */
  async forgetAbsent(operation: string, threadId: string, created: string): Promise<void> {
    await this.#forget(operation, threadId, created, LONG_AGO_MS);
  }

  /**
   * A thread that was begun a moment ago may have relied on the entry, and whoever began it may have died since: it gets one of its own.
   *
   * @param created of the entry that is meant, in the clock of its server.
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

  /** All threads, the one that was made last first, as far as the clocks of a cluster's servers agree. */
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

  /** Whether the entry says that the thread was written to in this minute of its server's clock. */
  #isOfThisMinute(threadId: string): boolean {
    return (this.#entries.get(threadId)?.minuteUntil ?? Number.NEGATIVE_INFINITY) > performance.now();
  }

  #covers(threadId: string, lastsMs: number): boolean {
    const until = this.#entries.get(threadId)?.until;
    return until !== undefined && until >= performance.now() + lastsMs;
  }

  /** The entry lasts half as long again as the thread, so that a thread in use needs a new one only now and then. */
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

/** No write is under way for so long. */
const LONG_AGO_MS = 3_600_000;

/** What became of a thread: it ended, it stays, or there was none. */
export type Fate = "ended" | "stays" | "absent";

/** What a write would have a thread's time be. */
export interface ThreadTime {
  /** In so many milliseconds it expires; `Infinity`: never. */
  readonly lastsMs: number;
  /** Whether that is the thread's own time, and not a default that gives way to one. */
  readonly isOwn: boolean;
}

/** What is known of the thread's time, see `thread-index.add.lua`. */
type Known = "default" | "own" | "exact" | "anew";

interface Entry {
  /** The thread's own, as far as it is known: an id may be another thread's by now. */
  threadKey: string | undefined;
  /** Whether there was none. */
  readonly isNew: boolean;
  /** In the clock of its server. */
  readonly created: string;
  /** In the clock of this process. */
  readonly until: number;
  /** Until when, in the clock of this process, the entry's minute of the last write is this one. */
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
