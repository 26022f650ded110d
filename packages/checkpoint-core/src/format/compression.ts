import { promisify } from "node:util";
import { constants, deflateRaw, deflateRawSync, inflateRaw, inflateRawSync, type ZlibOptions } from "node:zlib";
import { DeserializationError } from "../errors.js";
import { FROZEN_DICTIONARY } from "./dictionary.js";

/**
 * A body begins with its codec and with the number of its first links that are needed to read it, a byte each. What follows is the codec's; the second byte is
 * the same in all, since stores look at it. 2 is for encrypted bodies: `[2][n][key version: u16][nonce: 12][encrypted codec and bytes][tag: 16]`.
 */
const RAW = 0;
/** Deflated with {@link FROZEN_DICTIONARY} and then the content of the first `n` links as preset dictionary. */
const DEFLATED = 1;
const HEADER_BYTES = 2;

/** Longest content of a segment: the 32nd part of the longest value. A damaged or planted body may inflate to a thousand times its length. */
export const MAX_INFLATED_BYTES = 16 * 1024 * 1024;
/** A record that is larger is stored as it is: deflate, even at its fastest, runs at some 60 MB/s here, on the thread that runs the graphs. */
const MAX_DEFLATED_BYTES = 256 * 1024;
/**
 * Up to here it is worth 3 ms in place of 1 ms (of 64 KiB of text) to store a tenth less: the usual size of 32 messages that become one segment. Segments
 * of more are compressed on other threads.
 */
export const MAX_WELL_DEFLATED_BYTES = 64 * 1024;
/** For what is short: 16 KiB of dictionary take 96 us in place of 167 for 32 KiB, and save almost as much. A window of 4 KiB spares 15 us of set-up. */
const SHORT_WINDOW_BITS = 14;
const MIN_WINDOW_BITS = 12;
/** deflate looks back by this much less than its window (`MIN_LOOKAHEAD` in zlib). */
const UNUSED_WINDOW_BYTES = 262;
/** deflate cannot look back further, so a longer dictionary is of no use. */
const WINDOW_BYTES = 32 * 1024;

/**
 * Only smaller segments are compressed against others; larger ones, such as the results of merges, stand alone. So chains of links are short: a
 * message, the pending write it came from, the input that it repeats, and the context.
 */
export const MAX_LINKING_BYTES = 8 * 1024;

/**
 * Encodes bytes for storage, compressed when that is smaller.
 *
 * @param dictionary what the content probably repeats; the same must be given to {@link decompress}.
 */
export function compress(content: Buffer, dictionary: readonly Buffer[] = []): Buffer {
  if (content.length > MAX_DEFLATED_BYTES) return uncompressed(content);
  return smallerOf(content, deflateRawSync(content, deflateOptions(content, dictionary)), dictionary.length);
}

export function uncompressed(content: Buffer): Buffer {
  return Buffer.concat([Buffer.of(RAW, 0), content]);
}

function smallerOf(content: Buffer, deflated: Buffer, dictionaryLength: number): Buffer {
  return deflated.length + 1 < content.length
    ? Buffer.concat([Buffer.of(DEFLATED, dictionaryLength), deflated])
    : uncompressed(content);
}

function deflateOptions({ length }: Buffer, parts: readonly Buffer[]): ZlibOptions {
  const level = length <= MAX_WELL_DEFLATED_BYTES ? constants.Z_DEFAULT_COMPRESSION : constants.Z_BEST_SPEED;
  const dictionary = dictionaryBytes(parts);
  return {
    level,
    dictionary,
    windowBits: windowBitsFor(length, dictionary.length),
    chunkSize: chunkSizeFor(Math.ceil(length / 2)),
  };
}

/** Least and most that zlib writes to at a time, in bytes. */
const [MIN_CHUNK_BYTES, MAX_CHUNK_BYTES] = [256, 64 * 1024];

/**
 * zlib's default is 16 KiB, and what it gives is a view of that: 200 bytes that a cache holds would hold 16 KiB with them, and be counted as 200.
 *
 * @param length of what it will probably give, in bytes. Where it is more, zlib goes on with another chunk.
 */
function chunkSizeFor(length: number): number {
  return Math.min(Math.max(length, MIN_CHUNK_BYTES), MAX_CHUNK_BYTES);
}

/** Text of a conversation becomes a third to a fifth of itself. */
const USUAL_SHRINKAGE = 4;

/** deflate sets up as much memory as its window is large, and enters all of a dictionary that the window holds. Who inflates need not know. */
function windowBitsFor(length: number, dictionaryLength: number): number {
  const most = length < MAX_LINKING_BYTES ? SHORT_WINDOW_BITS : constants.Z_MAX_WINDOWBITS;
  let bits = MIN_WINDOW_BITS;
  while (bits < most && 2 ** bits < length + dictionaryLength + UNUSED_WINDOW_BYTES) bits += 1;
  return bits;
}

/** How many of its first links a body was compressed against. */
export function dictionaryLength(body: Buffer): number {
  return body[1] ?? 0;
}

/** @throws DeserializationError when the bytes are of another format, or too short to be of any. */
export function refuseUnknownCodec(body: Buffer): void {
  if (body.length < HEADER_BYTES) throw new DeserializationError("Stored bytes are damaged: they are cut short.");
  if (body[0] !== RAW && body[0] !== DEFLATED)
    throw new DeserializationError(`Stored bytes have the unknown encoding ${body[0]}: were they written by a newer version?`);
}

/**
 * The inverse of {@link compress}.
 *
 * @throws DeserializationError when the bytes are of another format or damaged.
 */
export function decompress(stored: Buffer, dictionary: readonly Buffer[] = []): Buffer {
  refuseUnknownCodec(stored);
  const body = stored.subarray(HEADER_BYTES);
  if (stored[0] === RAW) return body;
  try {
    const chunkSize = chunkSizeFor(USUAL_SHRINKAGE * body.length);
    return inflateRawSync(body, { dictionary: dictionaryBytes(dictionary), chunkSize, maxOutputLength: MAX_INFLATED_BYTES });
  } catch (cause) {
    throw new DeserializationError(`Stored bytes are damaged, or inflate to more than ${MAX_INFLATED_BYTES} bytes.`, { cause });
  }
}

function dictionaryBytes(parts: readonly Buffer[]): Buffer {
  if (parts.length === 0) return FROZEN_DICTIONARY;
  const all = Buffer.concat([FROZEN_DICTIONARY, ...parts]);
  return all.length <= WINDOW_BYTES ? all : all.subarray(all.length - WINDOW_BYTES);
}

const deflateElsewhere = promisify<Buffer, ZlibOptions, Buffer>(deflateRaw);
const inflateElsewhere = promisify<Buffer, ZlibOptions, Buffer>(inflateRaw);

/** {@link compress} of long content without a dictionary, on the threads of libuv's pool. */
export async function compressElsewhere(content: Buffer): Promise<Buffer> {
  return smallerOf(content, await deflateElsewhere(content, deflateOptions(content, [])), 0);
}

/** Compressed. Shorter ones take less time than it takes to ask another thread. */
const MIN_DECOMPRESSED_ELSEWHERE_BYTES = 32 * 1024;

/** Whether it pays to {@link decompressElsewhere}, and no other segment is needed for it. */
export function isLongAlone(body: Buffer): boolean {
  return body.length > MIN_DECOMPRESSED_ELSEWHERE_BYTES && body[0] === DEFLATED && dictionaryLength(body) === 0;
}

/**
 * {@link decompress} on the threads of libuv's pool.
 *
 * @param body one that {@link isLongAlone}.
 * @returns `undefined` where it is damaged.
 */
export async function decompressElsewhere(body: Buffer): Promise<Buffer | undefined> {
  try {
    return await inflateElsewhere(body.subarray(HEADER_BYTES), {
      dictionary: FROZEN_DICTIONARY,
      maxOutputLength: MAX_INFLATED_BYTES,
    });
  } catch {
    return undefined;
  }
}

/** So many at once: each takes up to 0.4 MB beside its content, and libuv has 4 threads. */
const MOST_AT_ONCE = 8;

export async function someAtOnce<T, Result>(items: readonly T[], work: (item: T) => Result | Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let at = 0; at < items.length; at += MOST_AT_ONCE)
    results.push(...(await Promise.all(items.slice(at, at + MOST_AT_ONCE).map(work))));
  return results;
}
