import type { DamagedRowsTarget } from "@holdfast/adapter-tests";
import type { Redis } from "ioredis";
import { onServer, threadKey } from "./keyspace.js";
import { partsOfStoreUrl } from "./store-url.js";

/** `[length: u32][bytes]`, end to end. */
function partsOf(row: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < row.length; at += 4 + row.readUInt32LE(at))
    parts.push(row.subarray(at + 4, at + 4 + row.readUInt32LE(at)));
  return parts;
}

function withLength(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

const [METADATA, BODY] = [4, 5];
const PAYLOAD = 3;

function withPart(parts: readonly Buffer[], place: number, bytes: Buffer): Buffer {
  return Buffer.concat(parts.map((part, n) => withLength(n === place ? bytes : part)));
}

interface Bytes {
  readonly bytes: Buffer;
  /** The row with other bytes in their place. */
  readonly replaced: (bytes: Buffer) => Buffer;
}

/** What of a field of a hash is meant, of which there is one in each: the writes of these tests are one slot. */
const bytesIn: Readonly<Record<Parameters<DamagedRowsTarget["rewrite"]>[2], (row: Buffer) => Bytes>> = {
  records: (row) => ({ bytes: partsOf(row)[BODY] as Buffer, replaced: (bytes) => withPart(partsOf(row), BODY, bytes) }),
  metadata: (row) => ({ bytes: partsOf(row)[METADATA] as Buffer, replaced: (bytes) => withPart(partsOf(row), METADATA, bytes) }),
  segments: (row) => {
    const body = 4 + 16 * row.readUInt32LE(0);
    return { bytes: row.subarray(body), replaced: (bytes) => Buffer.concat([row.subarray(0, body), bytes]) };
  },
  payloads: (row) => {
    const parts = partsOf(row.subarray(16));
    const slot = (bytes: Buffer): Buffer => Buffer.concat([row.subarray(8, 16), withPart(parts, PAYLOAD, bytes)]);
    return { bytes: parts[PAYLOAD] as Buffer, replaced: (bytes) => Buffer.concat([row.subarray(0, 4), withLength(slot(bytes))]) };
  },
};

/** The fields of a hash, those of checkpoints in the order of their commits. */
async function fieldsOf(redis: Redis, order: string, hash: string): Promise<Buffer[]> {
  const [members, fields] = [await redis.zrangeBuffer(order, "0", "-1"), await redis.hkeysBuffer(hash)];
  const place = (field: Buffer): number => members.findIndex((member) => member.equals(field));
  return fields.sort((a, b) => place(a) - place(b) || a.compare(b));
}

/** Rewrites bytes of one kind of a thread, each to what stands in its place in the answer. */
export const rewriteRows: DamagedRowsTarget["rewrite"] = async (url, thread, kind, change) => {
  const { server, keyPrefix } = partsOfStoreUrl(url);
  const part = { records: "checkpoints", metadata: "checkpoints", payloads: "writes", segments: "segments" }[kind];
  const hash = threadKey(keyPrefix, thread, part);
  await onServer(server, async (redis) => {
    const fields = await fieldsOf(redis, threadKey(keyPrefix, thread, "order"), hash);
    const rows = await Promise.all(fields.map(async (field) => bytesIn[kind]((await redis.hgetBuffer(hash, field)) as Buffer)));
    const changed = change(rows.map(({ bytes }) => bytes));
    for (const [n, field] of fields.entries()) await redis.hset(hash, field, (rows[n] as Bytes).replaced(changed[n] as Buffer));
  });
};
