import { type StoredRow, writtenUnderLeaseTests } from "@holdfast/adapter-tests";
import { onServer, threadKey } from "./keyspace.js";
import { retentionTarget } from "./retention-target.js";
import { partsOfStoreUrl } from "./store-url.js";
import { partsOf, slotsOf } from "./underneath.js";

const WRITER = 9;
const SLOT_WRITER = 6;

function rowOf(bytes: number, writer: Buffer | undefined): StoredRow {
  return { lease: writer === undefined ? null : String(writer.readBigUInt64LE()), bytes };
}

writtenUnderLeaseTests({
  ...retentionTarget,
  async storedRows(url, threadId) {
    const { server, keyPrefix } = partsOfStoreUrl(url);
    return onServer(server, async (redis) => {
      const key = (part: string): string => threadKey(keyPrefix, threadId, part);
      const checkpoints: StoredRow[] = [];
      const writes: StoredRow[] = [];
      for (const member of (await redis.callBuffer("ZRANGE", key("order"), 0, -1)) as Buffer[]) {
        const row = (await redis.callBuffer("HGET", key("checkpoints"), member)) as Buffer;
        checkpoints.push(rowOf(row.length, partsOf(row)[WRITER]));
        const slots = slotsOf(((await redis.callBuffer("HGET", key("writes"), member)) as Buffer | null) ?? Buffer.alloc(4));
        slots.sort((a, b) => a.readInt32LE(4) - b.readInt32LE(4));
        // Behind the arrival and the number stand the parts: task, place, links, payload, run, calls, writer.
        writes.push(...slots.map((slot) => rowOf(slot.length, partsOf(slot.subarray(8))[SLOT_WRITER])));
      }
      return { checkpoints, writes };
    });
  },
  bytesOfLease: 12,
});
