import { LRUCache } from "lru-cache";
import type { Connection } from "./client.js";
import { INDEX_SHARDS, type Keys } from "./keys.js";
import type { StoredOutcome } from "./operations/write-outcome.js";
import { forgetThreadScript, indexThreadScript, listIndexScript } from "./scripts/index.js";

/**
 * Which threads there are, so that `list` without a thread can find them without looking through all keys of the server.
 *
 * On a cluster a thread and its entry are on different servers, so they cannot change in one step. The entry is written beside the thread's first
 * write, not behind it: a process that dies in between leaves at most an entry without a thread, which lists nothing. docs/redis.md says what is
 * eventual about it.
 */
export class ThreadIndex {
  readonly #redis: Connection;
  readonly #keys: Keys;
  /** Threads whose entry this process wrote, until when it lasts. Forgotten after an hour, so that an entry that got lost comes back. */
  readonly #entries = new LRUCache<string, number>({ max: 10_000, ttl: 3_600_000 });

  constructor(redis: Connection, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** Does a write to a thread, and sees to it that the thread has an entry that outlives it. */
  async during(threadId: string, lastsMs: number, write: () => Promise<StoredOutcome>): Promise<StoredOutcome> {
    const isCovered = this.#covers(threadId, lastsMs);
    const [, outcome] = await Promise.all([isCovered ? undefined : this.add(threadId, lastsMs), write()]);
    if (outcome.kind !== "stored") return outcome;
    // Begun anew: the entry may have gone with the thread that was deleted. Or the thread has a time of its own that is longer.
    const isStale = (outcome.isNew && isCovered) || !this.#covers(threadId, outcome.lastsMs);
    if (isStale) await this.add(threadId, outcome.lastsMs);
    return outcome;
  }

  async remove(threadId: string): Promise<void> {
    this.#entries.delete(threadId);
    await this.#redis.run("deleteThread", forgetThreadScript, this.#keys.shardOf(threadId), [threadId]);
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

  #covers(threadId: string, lastsMs: number): boolean {
    const until = this.#entries.get(threadId);
    return until !== undefined && until >= performance.now() + lastsMs;
  }

  /** The entry lasts half as long again as the thread, so that a thread in use needs a new one only now and then. */
  async add(threadId: string, lastsMs: number): Promise<void> {
    const entryMs = Math.ceil(lastsMs * 1.5);
    const expiry = entryMs === Number.POSITIVE_INFINITY ? "" : entryMs;
    await this.#redis.run("put", indexThreadScript, this.#keys.shardOf(threadId), [threadId, expiry]);
    this.#entries.set(threadId, performance.now() + entryMs);
  }
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
