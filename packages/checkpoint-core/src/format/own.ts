/** Short buffers share memory of this length: one of its own takes 200 bytes and 1 us more. So what is held of it holds so much at the most. */
const SHARED_BYTES = 2048;
const MAX_SHORT_BYTES = SHARED_BYTES / 4;

let shared = Buffer.allocUnsafeSlow(SHARED_BYTES);
let sharedEnd = 0;

/** Memory for what may be held for long. Node shares 8 KiB among short buffers, and as long as one of them is held, all of that is. */
function allocate(length: number): Buffer {
  if (length > MAX_SHORT_BYTES) return Buffer.allocUnsafeSlow(length);
  if (sharedEnd + length > SHARED_BYTES) {
    shared = Buffer.allocUnsafeSlow(SHARED_BYTES);
    sharedEnd = 0;
  }
  sharedEnd += length;
  return shared.subarray(sharedEnd - length, sharedEnd);
}

/**
 * The same bytes, copied where they were cut out of more than twice as much: as long as they are held, all of that is. That may be a value of 1 MB, or what
 * came from the network with them. (A cache of 16 MiB held 167 so.)
 */
export function own(bytes: Buffer): Buffer {
  return bytes.buffer.byteLength > Math.max(2 * bytes.length, SHARED_BYTES) ? copyOf([bytes], bytes.length) : bytes;
}

/** The parts end to end, in memory that holds no more. */
export function copyOf(parts: readonly Buffer[], length: number): Buffer {
  const copy = allocate(length);
  let at = 0;
  for (const part of parts) at += part.copy(copy, at);
  return copy;
}

/** A text's UTF-8, in memory that holds no more. */
export function bytesOf(text: string): Buffer {
  const bytes = allocate(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}
