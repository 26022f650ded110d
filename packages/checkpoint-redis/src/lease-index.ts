import type { EndedLease } from "@holdfast/checkpoint-core/adapter";
import type { Connection } from "./client.js";
import { INDEX_SHARDS, type Keys } from "./keys.js";
import addEntryText from "./lease-index.add.lua";
import changeEntryText from "./lease-index.change.lua";
import endedEntriesText from "./lease-index.ended.lua";
import leaseStateText from "./lease-index.state.lua";
import threadText from "./lua/thread.lua";
import { statusOf } from "./operations/read-checkpoints.js";
import { script } from "./script.js";

const changeEntryScript = script(changeEntryText);
const endedEntriesScript = script(endedEntriesText);
const leaseStateScript = script(threadText, leaseStateText);
const addEntryScript = script(addEntryText);

/**
 * An index of leases, to find those that ended without a release. An entry is a hint: the thread itself holds the state of its lease. Acquiring a lease writes its
 * entry, so none is missing; a reader removes leftover entries.
 */
export class LeaseIndex {
  readonly #redis: Connection;
  readonly #keys: Keys;

  constructor(redis: Connection, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** @returns the entry. */
  async add(threadId: string, ttlMs: number): Promise<string> {
    const reply = await this.#redis.run("acquireThread", addEntryScript, this.#keys.leasesOf(threadId), [threadId, ttlMs]);
    return String(reply[1]);
  }

  async remove(threadId: string, entry: string): Promise<void> {
    await this.#redis.run("acquireThread", changeEntryScript, this.#keys.leasesOf(threadId), [threadId, entry, ""]);
  }

  /** Moves the entry of a lease that ended earlier than the entry says. */
  async expireNow(threadId: string): Promise<void> {
    await this.add(threadId, 0);
  }

  /** Leases that ended without a release, the oldest first. */
  async ended(olderThanMs: number, limit: number): Promise<readonly EndedLease[]> {
    const shards = Array.from({ length: INDEX_SHARDS }, (_, number) =>
      this.#endedOfShard(this.#keys.leases(number), olderThanMs, limit),
    );
    const ended = (await Promise.all(shards)).flat();
    return ended.sort((a, b) => b.endedMsAgo - a.endedMsAgo).slice(0, limit);
  }

  async #endedOfShard(shard: readonly string[], olderThanMs: number, limit: number): Promise<EndedLease[]> {
    const found: EndedLease[] = [];
    // Each round removes the entries that led to nothing, so that the next one finds others.
    for (let looksFurther = true; looksFurther && found.length < limit; ) {
      const reply = await this.#redis.run("abandonedThreads", endedEntriesScript, shard, [olderThanMs, limit]);
      const entries = (reply[1] as readonly Buffer[]).map(String);
      const known = new Set(found.map(({ threadId }) => threadId));
      const fresh = Array.from(
        { length: entries.length / 2 },
        (_, n) => [entries[2 * n], entries[2 * n + 1]] as [string, string],
      ).filter(([threadId]) => !known.has(threadId));
      const leases = await Promise.all(fresh.map(([threadId, entry]) => this.#look(shard, threadId, entry, olderThanMs)));
      found.push(...leases.filter((lease) => lease !== undefined));
      looksFurther = leases.some((lease) => lease === undefined) && entries.length / 2 >= limit;
    }
    return found;
  }

  async #look(shard: readonly string[], threadId: string, entry: string, olderThanMs: number): Promise<EndedLease | undefined> {
    const reply = await this.#redis.run("abandonedThreads", leaseStateScript, this.#keys.thread(threadId), []);
    const state = statusOf(reply, "abandonedThreads");
    const [, second = "", owner = "", endedMsAgo = ""] = reply.map(String);
    if (state === "ended" && Number(endedMsAgo) >= olderThanMs) {
      return { threadId, token: second, owner: owner || undefined, endedMsAgo: Number(endedMsAgo) };
    }
    // A live lease comes up when it may have ended; an ended one, when it ended long enough ago; a released one, never.
    const lookIn = state === "live" ? second : state === "ended" ? String(Number(endedMsAgo) * -1) : "";
    await this.#redis.run("abandonedThreads", changeEntryScript, shard, [threadId, entry, lookIn]);
    return undefined;
  }
}
