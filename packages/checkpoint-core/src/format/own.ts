/**
 * The same bytes, copied where they were cut out of more than twice as much: as long as they are held, all of that is. (Segments that were views of values of
 * 1 MB made a cache of 16 MiB hold 81.) Short ones share a pool with others, whoever makes them.
 */
export function own(bytes: Buffer): Buffer {
  return bytes.buffer.byteLength > Math.max(2 * bytes.length, Buffer.poolSize) ? Buffer.from(bytes) : bytes;
}
