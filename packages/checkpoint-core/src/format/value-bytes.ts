import { sharedPrefix, sharedSuffix } from "./matches.js";
import { copyOf, own } from "./own.js";

/** Shorter chunks are joined with their neighbours, by copying them. So a list of 1 MB is some 30 chunks at most, and an append copies less than this. */
const MIN_CHUNK_BYTES = 32 * 1024;

/**
 * The bytes of a serialized value, as a rope: chunks that stand one after the other, most of which the channel's next value has, too.
 *
 * A list of 1 MB that grew by a message reuses all of its chunks but the last. In one Buffer, that megabyte would be allocated, copied, compared and
 * left to the garbage collector at each superstep. Nobody changes the bytes.
 */
export class ValueBytes {
  readonly length: number;
  #chunks: readonly Buffer[];

  private constructor(chunks: readonly Buffer[]) {
    this.#chunks = chunks;
    this.length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /** @param bytes nobody else's. */
  static of(bytes: Uint8Array): ValueBytes {
    return new ValueBytes([Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)]);
  }

  /** The parts end to end. It holds at most about twice its length of memory, whatever the parts were cut out of. */
  static join(parts: readonly (Buffer | ValueBytes)[]): ValueBytes {
    const chunks: Buffer[] = [];
    const short: Buffer[] = [];
    let shortBytes = 0;
    const joinShort = (): void => {
      if (shortBytes > 0) chunks.push(copyOf(short.splice(0), shortBytes));
      shortBytes = 0;
    };
    for (const chunk of parts.flatMap((part) => (part instanceof ValueBytes ? part.#chunks : [part]))) {
      if (chunk.length >= MIN_CHUNK_BYTES) {
        joinShort();
        chunks.push(own(chunk));
        continue;
      }
      short.push(chunk);
      shortBytes += chunk.length;
      if (shortBytes >= MIN_CHUNK_BYTES) joinShort();
    }
    joinShort();
    return new ValueBytes(chunks);
  }

  /** Moves the bytes, where they hold more memory than about twice their length. */
  settle(): void {
    for (const chunk of this.#chunks) {
      if (own(chunk) !== chunk) {
        this.#chunks = this.#chunks.map(own);
        return;
      }
    }
  }

  /** The bytes in `[from, to)`. */
  slice(from: number, to: number): ValueBytes {
    return new ValueBytes(this.#cut(from, to));
  }

  /** The bytes in `[from, to)` in one piece: a view where they stand in one chunk, else a copy. */
  subarray(from: number, to: number): Buffer {
    const chunks = this.#cut(from, to);
    const [only] = chunks;
    return only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks);
  }

  /** All of them, as {@link subarray}. */
  toBuffer(): Buffer {
    return this.subarray(0, this.length);
  }

  /** Length of the common start. */
  sharedPrefix(other: ValueBytes): number {
    let length = 0;
    for (const [a, b] of alongside(this.#chunks, other.#chunks, cutStart)) {
      const shared = isSameMemory(a, b) ? a.length : sharedPrefix(a, b);
      length += shared;
      if (shared < a.length) break;
    }
    return length;
  }

  /** Length of the common end, at most `limit`. */
  sharedSuffix(other: ValueBytes, limit: number): number {
    let length = 0;
    for (const [a, b] of alongside(this.#chunks.toReversed(), other.#chunks.toReversed(), cutEnd)) {
      const shared = isSameMemory(a, b) ? a.length : sharedSuffix(a, b);
      length += shared;
      if (shared < a.length || length >= limit) break;
    }
    return Math.min(length, limit);
  }

  #cut(from: number, to: number): Buffer[] {
    const chunks: Buffer[] = [];
    let offset = 0;
    for (const chunk of this.#chunks) {
      if (offset >= to) break;
      const start = Math.max(from - offset, 0);
      const end = Math.min(to - offset, chunk.length);
      if (end > start) chunks.push(chunk.subarray(start, end));
      offset += chunk.length;
    }
    return chunks;
  }
}

function isSameMemory(a: Buffer, b: Buffer): boolean {
  return a.buffer === b.buffer && a.byteOffset === b.byteOffset;
}

type Cut = (chunk: Buffer, length: number) => readonly [run: Buffer, rest: Buffer];

const cutStart: Cut = (chunk, length) => [chunk.subarray(0, length), chunk.subarray(length)];
const cutEnd: Cut = (chunk, length) => [chunk.subarray(chunk.length - length), chunk.subarray(0, chunk.length - length)];

/** The chunks of two ropes in runs of the same length, as far as both go. */
function* alongside(a: readonly Buffer[], b: readonly Buffer[], cut: Cut): Generator<readonly [Buffer, Buffer]> {
  const [chunksA, chunksB] = [a.values(), b.values()];
  let [nextA, nextB] = [chunksA.next(), chunksB.next()];
  while (!nextA.done && !nextB.done) {
    const length = Math.min(nextA.value.length, nextB.value.length);
    const [runA, restA] = cut(nextA.value, length);
    const [runB, restB] = cut(nextB.value, length);
    yield [runA, runB];
    nextA = restA.length > 0 ? { value: restA, done: false } : chunksA.next();
    nextB = restB.length > 0 ? { value: restB, done: false } : chunksB.next();
  }
}
