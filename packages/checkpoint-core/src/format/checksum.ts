import { crc32 } from "node:zlib";
import { DeserializationError } from "../errors.js";
import { refuseUnknownCodec } from "./compression.js";

/**
 * The last 4 bytes of a record and of a payload: the CRC-32 of what is stored and of the row that it belongs to. So damage is found when it is read, and so
 * are rows that changed places. The thread is no part of it, since a copy of a thread keeps its bytes.
 *
 * It is no signature: who can write to the store can make a valid sum.
 */
const SUM_BYTES = 4;

/** @param owner what tells the row, and what else it says: no two that differ give one text. */
export function withChecksum(body: Buffer, owner: string): Buffer {
  const summed = Buffer.allocUnsafe(body.length + SUM_BYTES);
  body.copy(summed);
  summed.writeUInt32LE(checksum(body, owner), body.length);
  return summed;
}

/**
 * The inverse of {@link withChecksum}.
 *
 * @param otherwise another owner under which it may have been stored.
 * @throws DeserializationError when the bytes are damaged, of another row, or of a newer format.
 */
export function verified(stored: Buffer, owner: string, otherwise: () => string = () => owner): Buffer {
  // First: a newer format may have another sum.
  refuseUnknownCodec(stored);
  const end = Math.max(0, stored.length - SUM_BYTES);
  const body = stored.subarray(0, end);
  const sum = end === 0 ? undefined : stored.readUInt32LE(end);
  if (checksum(body, owner) !== sum && checksum(body, otherwise()) !== sum)
    throw new DeserializationError("Stored bytes do not match their checksum: they are damaged, or belong to another row.");
  return body;
}

function checksum(body: Buffer, owner: string): number {
  return crc32(body, crc32(owner));
}
