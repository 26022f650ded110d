import type { StoredField, UnderlyingRows } from "@holdfast/adapter-tests";
import { Redis } from "ioredis";
import { threadKey } from "./keyspace.js";
import { partsOfStoreUrl } from "./store-url.js";
import { partsOf } from "./underneath.js";

/** What no sum covers. Of the rest, a change is found where it is read. */
export const PLACES: ReadonlySet<string> = new Set([
  ...["value", "writer", "hidden"].map((part) => `checkpoint.${part}`),
  ...["field", "value", "arrival", "task", "place"].map((part) => `write.${part}`),
  ...["order.member", "order.score", "thread.field", "thread.value"],
]);

const HASHES = { thread: "thread", checkpoint: "checkpoints", segment: "segments", write: "writes" } as const;
type Hash = keyof typeof HASHES;

const CHECKPOINT_PARTS = [
  ...["parent", "lineage", "snapshots", "links", "metadata", "record"],
  ...["labels", "committed", "calls", "writer", "hidden"],
];
const SLOT_PARTS = ["task", "place", "links", "payload", "run", "calls", "writer"];

/** Where a field stands in its hash, and how its row is made with other bytes in its place. */
interface Field extends StoredField {
  readonly hash: Hash | "order";
  /** Of the row. */
  readonly row: Buffer;
  readonly value: Buffer;
  /** `"row"`: the name of the row itself; in the order, its member. */
  readonly replaced: "row" | ((value: Buffer, bytes: Buffer) => Buffer);
}

/** Looks at the keys of a store as it is now. */
export async function underlyingRows(url: string): Promise<UnderlyingRows> {
  const { server, keyPrefix } = partsOfStoreUrl(url);
  const redis = new Redis(server);
  const threads = await threadsOf(redis, keyPrefix);
  const keyOf = (thread: string, part: string): string => threadKey(keyPrefix, thread, part);
  const keys = threads.flatMap((thread) => [...Object.values(HASHES), "order"].map((part) => keyOf(thread, part)));
  const dumps = await Promise.all(keys.map(async (key) => [key, await redis.dumpBuffer(key)] as const));
  const gone = [...threads, "copy"].flatMap((thread) =>
    [...Object.values(HASHES), "order", "tombstone"].map((part) => keyOf(thread, part)),
  );
  const fields: Field[] = [];
  for (const thread of threads) {
    for (const hash of Object.keys(HASHES) as Hash[])
      fields.push(...(await fieldsOf(redis, keyOf(thread, HASHES[hash]), hash, thread)));
    // In pairs, or flat, as the protocol has it.
    const order = ((await redis.callBuffer("ZRANGE", keyOf(thread, "order"), 0, -1, "WITHSCORES")) as Buffer[][]).flat();
    for (let n = 0; n < order.length; n += 2) {
      const [row, value] = [order[n] as Buffer, Buffer.from(String(order[n + 1]))];
      const owner = row.toString("latin1");
      fields.push({ kind: "order.member", thread, owner, bytes: row, hash: "order", row, value, replaced: "row" });
      fields.push({ kind: "order.score", thread, owner, bytes: value, hash: "order", row, value, replaced: (_, bytes) => bytes });
    }
  }
  return {
    fields,
    async change(given, added) {
      const changes = given as readonly { readonly field: Field; readonly bytes: Buffer }[];
      const writing = redis.multi();
      const values = new Map<string, Buffer>();
      // First, as names may change places.
      for (const { field } of changes) {
        const { hash, thread, row, replaced } = field;
        if (replaced === "row")
          writing.call(hash === "order" ? "ZREM" : "HDEL", keyOf(thread, hash === "order" ? "order" : HASHES[hash]), row);
      }
      for (const { field, bytes } of changes) {
        const { hash, thread, row, replaced } = field;
        const key = keyOf(thread, hash === "order" ? "order" : HASHES[hash]);
        // Two parts of one row are changed one after the other.
        const at = `${key} ${row.toString("latin1")}`;
        const value = replaced === "row" ? field.value : replaced(values.get(at) ?? field.value, bytes);
        values.set(at, value);
        const name = replaced === "row" ? bytes : row;
        if (hash === "order") {
          if (!/^-?\d+$/.test(value.toString("latin1"))) return discarded(writing);
          if (replaced === "row" && changes[0]?.field === field)
            for (const each of changes) writing.zrem(key, (each.field as Field).row);
          writing.zadd(key, value.toString("latin1"), name);
          continue;
        }
        // Names that change places must not be taken away when they are there again.
        if (replaced === "row" && changes[0]?.field === field)
          for (const each of changes as readonly { field: Field }[])
            writing.hdel(keyOf(each.field.thread, HASHES[hash]), each.field.row);
        writing.hset(key, name, value);
      }
      for (const { id, links, body } of added?.segments ?? []) {
        const count = Buffer.alloc(4);
        count.writeUInt32LE(links.length);
        const value = Buffer.concat([count, Buffer.from(links.join(""), "hex"), body]);
        writing.hsetnx(keyOf(added?.thread ?? "", HASHES.segment), Buffer.from(id, "hex"), value);
      }
      await writing.exec();
      return true;
    },
    async restore() {
      const writing = redis.multi().del(...gone);
      for (const [key, dump] of dumps) if (dump !== null) writing.restore(key, 0, dump, "REPLACE");
      await writing.exec();
    },
    close: async () => redis.disconnect(),
  };
}

function discarded(writing: { discard(): unknown }): false {
  writing.discard();
  return false;
}

async function threadsOf(redis: Redis, keyPrefix: string): Promise<string[]> {
  const shards = Array.from({ length: 16 }, (_, n) => redis.zrange(`${keyPrefix}:index:{${n}}:created`, "0", "-1"));
  return (await Promise.all(shards)).flat();
}

async function fieldsOf(redis: Redis, key: string, hash: Hash, thread: string): Promise<Field[]> {
  const pairs = (await redis.callBuffer("HGETALL", key)) as Buffer[];
  const fields: Field[] = [];
  for (let n = 0; n < pairs.length; n += 2) {
    const [row, value] = pairs.slice(n, n + 2) as [Buffer, Buffer];
    const owner = hash === "segment" ? row.toString("hex") : ownerOf(row);
    const field = (part: string, bytes: Buffer, replaced: Field["replaced"], of = owner): void =>
      void fields.push({ kind: `${hash}.${part}`, thread, owner: of, bytes, hash, row, value, replaced });
    field("field", row, "row");
    field("value", value, (_, bytes) => bytes);
    if (hash === "checkpoint") {
      const parts = partsOf(value);
      for (const [at, bytes] of parts.entries())
        field(CHECKPOINT_PARTS[at] as string, bytes, (now, then) => withPart(now, at, then));
    }
    if (hash === "segment") {
      const end = 4 + 16 * value.readUInt32LE(0);
      field("links", value.subarray(4, end), (now, then) => Buffer.concat([lengthOf(then.length / 16), then, now.subarray(end)]));
      field("body", value.subarray(end), (now, then) => Buffer.concat([now.subarray(0, end), then]));
    }
    if (hash !== "write") continue;
    for (const [at, slot] of partsOf(value.subarray(4)).entries()) {
      const parts = partsOf(slot.subarray(8));
      const task = `${owner}\0${uuidOf(parts[0] as Buffer)}`;
      const inSlot =
        (change: (slot: Buffer) => Buffer) =>
        (now: Buffer): Buffer =>
          Buffer.concat([now.subarray(0, 4), withPart(now.subarray(4), at, change(partsOf(now.subarray(4))[at] as Buffer))]);
      field("arrival", slot.subarray(0, 4), (now, then) => inSlot((old) => Buffer.concat([then, old.subarray(4)]))(now), task);
      field(
        "slot",
        slot.subarray(4, 8),
        (now, then) => inSlot((old) => Buffer.concat([old.subarray(0, 4), then, old.subarray(8)]))(now),
        task,
      );
      for (const [part, bytes] of parts.entries()) {
        const changed = (now: Buffer, then: Buffer): Buffer =>
          inSlot((old) => Buffer.concat([old.subarray(0, 8), withPart(old.subarray(8), part, then)]))(now);
        field(SLOT_PARTS[part] as string, bytes, changed, task);
      }
    }
  }
  return fields;
}

/** `[namespace][NUL][id]`, as text. All ids of these tests are UUIDs. */
function ownerOf(row: Buffer): string {
  const end = row.indexOf(0);
  return end < 0 ? row.toString("latin1") : `${row.toString("utf8", 0, end)}\0${uuidOf(row.subarray(end + 1))}`;
}

function uuidOf(bytes: Buffer): string {
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function lengthOf(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(length);
  return bytes;
}

function withPart(list: Buffer, at: number, bytes: Buffer): Buffer {
  return Buffer.concat(
    partsOf(list).flatMap((part, n) => (n === at ? [lengthOf(bytes.length), bytes] : [lengthOf(part.length), part])),
  );
}
