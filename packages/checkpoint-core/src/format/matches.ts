import type { Work } from "./turn.js";

/**
 * What two values have in common, compared as bytes. Whole blocks are compared natively: 1 MB takes about 0.1 ms, a loop over its bytes 1.5 ms.
 */

const COMPARE_BLOCK_BYTES = 4096;

/** Length of the common start. */
export function sharedPrefix(a: Buffer, b: Buffer): number {
  const limit = Math.min(a.length, b.length);
  let at = 0;
  while (at < limit) {
    const end = Math.min(limit, at + COMPARE_BLOCK_BYTES);
    if (a.compare(b, at, end, at, end) !== 0) break;
    at = end;
  }
  const end = Math.min(limit, at + COMPARE_BLOCK_BYTES);
  while (at < end && a[at] === b[at]) at += 1;
  return at;
}

/** Length of the common end, at most `limit`. */
export function sharedSuffix(a: Buffer, b: Buffer, limit: number = Math.min(a.length, b.length)): number {
  let length = 0;
  while (length < limit) {
    const step = Math.min(limit - length, COMPARE_BLOCK_BYTES);
    const endA = a.length - length;
    const endB = b.length - length;
    if (a.compare(b, endB - step, endB, endA - step, endA) !== 0) break;
    length += step;
  }
  const end = Math.min(limit, length + COMPARE_BLOCK_BYTES);
  while (length < end && a[a.length - 1 - length] === b[b.length - 1 - length]) length += 1;
  return length;
}

/** `length` bytes that stand both at `at` and at `sourceAt` of a source. */
export interface Match {
  readonly at: number;
  /** Which of the sources. */
  readonly source: number;
  readonly sourceAt: number;
  readonly length: number;
}

/** A part of the work, in bytes: some 0.1 ms. */
const STEP_BYTES = 32 * 1024;
const BASE = 0x01000193;
/** Spreads a hash whose lowest bits vary least. */
const SPREAD = 0x9e3779b1;

/**
 * Blocks of some sources by a hash that can be rolled over other bytes, as rsync has them: each byte is hashed once, and what is found is skipped, so looking
 * takes some 3 ms for each MB, whatever is in it. (A search for samples took as many scans of the sources as there were parts that moved: 15 s for 8 MB.)
 */
export class BlockIndex {
  readonly #sources: readonly Buffer[];
  readonly #minBytes: number;
  readonly #blockBytes: number;
  readonly #places = new Map<number, readonly [source: number, at: number]>();
  /** Which spread hashes may be among the places: most bytes are done with after one look. */
  readonly #filter: Uint8Array;
  readonly #filterShift: number;
  /** What a byte counts for when it is rolled out of a block. */
  readonly #leaving: number;

  private constructor(sources: readonly Buffer[], minBytes: number) {
    this.#sources = sources;
    this.#minBytes = minBytes;
    this.#blockBytes = Math.floor(minBytes / 2);
    this.#leaving = power(this.#blockBytes - 1);
    const blocks = sources.reduce((sum, { length }) => sum + length, 0) / this.#blockBytes;
    const bits = Math.min(24, Math.max(8, Math.ceil(Math.log2(16 * blocks + 1))));
    this.#filter = new Uint8Array(2 ** bits);
    this.#filterShift = 32 - bits;
  }

  /** @param minBytes matches that are shorter do not count. */
  static *of(sources: readonly Buffer[], minBytes: number): Work<BlockIndex> {
    const index = new BlockIndex(sources, minBytes);
    for (const [source, bytes] of sources.entries()) yield* index.#add(source, bytes);
    return index;
  }

  *#add(source: number, bytes: Buffer): Work<void> {
    let next = STEP_BYTES;
    for (let at = 0; at + this.#blockBytes <= bytes.length; at += this.#blockBytes) {
      const hash = this.#hash(bytes, at);
      // Of blocks that are the same, the first: what follows it is compared anyway.
      if (!this.#places.has(hash)) this.#places.set(hash, [source, at]);
      this.#filter[Math.imul(hash, SPREAD) >>> this.#filterShift] = 1;
      if (at < next) continue;
      next = at + STEP_BYTES;
      yield STEP_BYTES;
    }
  }

  #hash(bytes: Buffer, at: number): number {
    let hash = 0;
    for (let i = at; i < at + this.#blockBytes; i += 1) hash = (Math.imul(hash, BASE) + (bytes[i] as number)) | 0;
    return hash;
  }

  /** What of `bytes` stands in the sources, in the order of `bytes`. A match of one and a half times the least length is sure to be found. */
  *matches(bytes: Buffer): Work<Match[]> {
    const matches: Match[] = [];
    const last = bytes.length - this.#blockBytes;
    let done = 0;
    for (let at = 0; at <= last; ) {
      const end = Math.min(last, at + STEP_BYTES);
      const found = this.#next(bytes, at, end);
      yield (found?.at ?? end) - at;
      if (found === undefined) {
        at = end + 1;
        continue;
      }
      const match = this.#around(bytes, found.at, done, found.place);
      if (match.length >= this.#minBytes) {
        matches.push(match);
        done = at = match.at + match.length;
        // So that what is too short is not looked at from each of its bytes.
      } else at = found.at + (this.#blockBytes >> 1);
    }
    return matches;
  }

  /** The first block of `bytes` from `at` to `end` that has the hash of one of the sources. */
  #next(bytes: Buffer, at: number, end: number): { at: number; place: readonly [number, number] } | undefined {
    const [filter, shift, size, leaving] = [this.#filter, this.#filterShift, this.#blockBytes, this.#leaving];
    let hash = this.#hash(bytes, at);
    for (let i = at; ; i += 1) {
      if (filter[Math.imul(hash, SPREAD) >>> shift] === 1) {
        const place = this.#places.get(hash);
        if (place !== undefined) return { at: i, place };
      }
      if (i >= end) return undefined;
      hash = (Math.imul(hash - Math.imul(bytes[i] as number, leaving), BASE) + (bytes[i + size] as number)) | 0;
    }
  }

  /** The match, from `done` on at the earliest, in which the byte at `at` lies; of no length where the blocks only have the same hash. */
  #around(bytes: Buffer, at: number, done: number, [source, sourceAt]: readonly [number, number]): Match {
    const content = this.#sources[source] as Buffer;
    const before = sharedSuffix(bytes.subarray(done, at), content.subarray(0, sourceAt));
    const after = sharedPrefix(bytes.subarray(at), content.subarray(sourceAt));
    return { at: at - before, source, sourceAt: sourceAt - before, length: before + after };
  }
}

function power(exponent: number): number {
  let result = 1;
  for (let i = 0; i < exponent; i += 1) result = Math.imul(result, BASE);
  return result;
}
