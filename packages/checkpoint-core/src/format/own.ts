/**
 * The same bytes, copied where they were cut out of more than twice as much: as long as they are held, all of that is. That may be a value of 1 MB, what
 * came from the network with them, or the 8 KiB that Node shares among short buffers. (A cache of 16 MiB held 167 so.)
 */
export function own(bytes: Buffer): Buffer {
  return bytes.buffer.byteLength > 2 * bytes.length ? copyOf([bytes], bytes.length) : bytes;
}

/** In memory that is nobody else's. */
export function copyOf(parts: readonly Buffer[], length: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (const part of parts) at += part.copy(copy, at);
  return copy;
}
