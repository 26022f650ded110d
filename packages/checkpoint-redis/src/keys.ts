import { createHash } from "node:crypto";
import { InvalidOptionsError } from "@holdfast/checkpoint-core";

const MAX_PREFIX_BYTES = 256;

/**
 * The keys of a saver: five for each thread, and its tombstone, under one hash tag, so that they share a slot of a cluster; and the index of threads.
 *
 * `holdfast:{user-1}:thread`, `…:checkpoints`, `…:order`, `…:segments`, `…:writes`
 */
export class Keys {
  readonly #prefix: string;

  /**
   * @throws InvalidOptionsError if the prefix is empty, malformed, longer than 256 bytes, or has braces, which would form a hash tag.
   */
  constructor(prefix: unknown) {
    if (typeof prefix !== "string" || prefix === "") throw new InvalidOptionsError("keyPrefix must be a non-empty string.");
    if (prefix.includes("\0") || !prefix.isWellFormed()) {
      throw new InvalidOptionsError("keyPrefix contains a NUL character or a lone surrogate.");
    }
    if (/[{}]/.test(prefix)) {
      throw new InvalidOptionsError(
        `keyPrefix is "${prefix}". It must not contain braces, which would form a hash tag in Redis Cluster.`,
      );
    }
    const bytes = Buffer.byteLength(prefix);
    if (bytes > MAX_PREFIX_BYTES) {
      throw new InvalidOptionsError(`keyPrefix is ${bytes} bytes long; the longest allowed is ${MAX_PREFIX_BYTES}.`);
    }
    this.#prefix = prefix;
  }

  /** In the order in which the scripts take them (`thread.lua`). */
  thread(threadId: string): readonly string[] {
    const tag = `${this.#prefix}:{${tagOf(threadId)}}`;
    return ["thread", "checkpoints", "order", "segments", "writes", "tombstone"].map((part) => `${tag}:${part}`);
  }

  /** The parts of an unfinished copy, under the target thread's hash tag: checkpoints, order, segments, writes. */
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

  /** The three keys of the index shard of a thread. */
  shardOf(threadId: string): readonly string[] {
    return this.shard(shardNumber(threadId));
  }

  /** A shard of the index: its threads by creation, by expiry if they expire, and by their last write. */
  shard(number: number): readonly string[] {
    const tag = `${this.#prefix}:index:{${number}}`;
    return [`${tag}:created`, `${tag}:expiry`, `${tag}:updated`];
  }

  /** The leases of a shard. */
  leases(number: number): readonly string[] {
    return [`${this.#prefix}:index:{${number}}:leases`];
  }

  leasesOf(threadId: string): readonly string[] {
    return this.leases(shardNumber(threadId));
  }
}

/** Spreads the ids of all threads over the nodes of a cluster. */
export const INDEX_SHARDS = 16;

function shardNumber(threadId: string): number {
  const [first = 0] = createHash("sha1").update(threadId).digest();
  return first % INDEX_SHARDS;
}

/** Each id has its own tag. Only braces are escaped, which would end the tag early, so ids stay readable. */
function tagOf(threadId: string): string {
  return threadId.replace(/[%{}]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
