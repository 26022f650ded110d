import { createHash } from "node:crypto";
import { InvalidOptionsError } from "@holdfast/checkpoint-core";

const MAX_PREFIX_BYTES = 256;

/**
 * The keys of a saver: five for each thread and its tombstone, all under one hash tag, so that they are in one slot of a cluster, and the index of
 * threads.
 *
 * `holdfast:{user-1}:thread`, `…:checkpoints`, `…:order`, `…:segments`, `…:writes`
 */
export class Keys {
  readonly #prefix: string;

  /**
   * @throws InvalidOptionsError when the prefix is empty, malformed, longer than 256 bytes, or has braces, which would be taken for a hash tag.
   */
  constructor(prefix: unknown) {
    if (typeof prefix !== "string" || prefix === "") throw new InvalidOptionsError("keyPrefix must be a non-empty string.");
    if (prefix.includes("\0") || !prefix.isWellFormed()) {
      throw new InvalidOptionsError("keyPrefix contains a NUL character or a lone surrogate.");
    }
    if (/[{}]/.test(prefix)) {
      throw new InvalidOptionsError(
        `keyPrefix is "${prefix}". It must not contain braces: Redis Cluster takes them for a hash tag.`,
      );
    }
    const bytes = Buffer.byteLength(prefix);
    if (bytes > MAX_PREFIX_BYTES) {
      throw new InvalidOptionsError(`keyPrefix is ${bytes} bytes long; it may have ${MAX_PREFIX_BYTES}.`);
    }
    this.#prefix = prefix;
  }

  /** In the order in which the scripts take them (`thread.lua`). */
  thread(threadId: string): readonly string[] {
    const tag = `${this.#prefix}:{${tagOf(threadId)}}`;
    return ["thread", "checkpoints", "order", "segments", "writes", "tombstone"].map((part) => `${tag}:${part}`);
  }

  /** Parts of a copy of a thread that is being made, under the thread's own hash tag: checkpoints, order, segments, writes. */
  copy(threadId: string, nonce: string): readonly string[] {
    const [, ...parts] = this.thread(threadId).slice(0, 5);
    return parts.map((part) => `${part}:copy:${nonce}`);
  }

  /** A key that nothing stands under. */
  probe(nonce: string): readonly string[] {
    return [`${this.#prefix}:index:{0}:probe:${nonce}`];
  }

  /** Who sweeps the threads, and where the last sweep stopped. */
  sweeper(): readonly string[] {
    return [`${this.#prefix}:index:{0}:sweeper`];
  }

  /** The three keys of the shard of the index that a thread is in. */
  shardOf(threadId: string): readonly string[] {
    return this.shard(shardNumber(threadId));
  }

  /** A shard of the index: its threads by creation, those that expire by expiry, and its threads by when they were last written to. */
  shard(number: number): readonly string[] {
    const tag = `${this.#prefix}:index:{${number}}`;
    return [`${tag}:created`, `${tag}:expiry`, `${tag}:updated`];
  }

  /** Of the same shard, the leases. */
  leases(number: number): readonly string[] {
    return [`${this.#prefix}:index:{${number}}:leases`];
  }

  leasesOf(threadId: string): readonly string[] {
    return this.leases(shardNumber(threadId));
  }
}

/** Spread over the nodes of a cluster, none of which has to hold the ids of all threads in one key. */
export const INDEX_SHARDS = 16;

function shardNumber(threadId: string): number {
  const [first = 0] = createHash("sha1").update(threadId).digest();
  return first % INDEX_SHARDS;
}

/** Every string has a tag of its own. Braces would end the tag early; everything else is plain to Redis, so ids stay readable. */
function tagOf(threadId: string): string {
  return threadId.replace(/[%{}]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
