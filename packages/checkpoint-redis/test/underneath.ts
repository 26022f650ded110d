import type { Underneath } from "@holdfast/adapter-tests";
import { onServer, threadKey } from "./keyspace.js";

/**
 * Looks at a thread as it lies there, without the code under test.
 *
 * @returns as orphans also other faults: references that lead nowhere, counts that are not so.
 */
export async function underneath(server: string, keyPrefix: string, threadId: string): Promise<Underneath> {
  const key = (part: string): string => threadKey(keyPrefix, threadId, part);
  return onServer(server, async (redis) => {
    const [fields, rows, writes, segments] = await Promise.all([
      redis.hgetall(key("thread")),
      hashOf(await redis.callBuffer("HGETALL", key("checkpoints"))),
      hashOf(await redis.callBuffer("HGETALL", key("writes"))),
      hashOf(await redis.callBuffer("HGETALL", key("segments"))),
    ]);
    const order = ((await redis.callBuffer("ZRANGE", key("order"), 0, -1)) as Buffer[]).map((member) =>
      member.toString("latin1"),
    );
    const faults: string[] = [];
    const slots = [...writes.values()].reduce((count, row) => count + slotsOf(row).length, 0);
    const found = { checkpoints: rows.size, segments: segments.size, writes: slots, orphans: faults };
    if (Object.keys(fields).length === 0) {
      for (const [name, part] of Object.entries({ rows, writes, segments }))
        if (part.size > 0) faults.push(`${name} without a thread`);
      return found;
    }
    if ([...order].sort().join() !== [...rows.keys()].sort().join()) faults.push("the order names others than the checkpoints");
    const hidden = [...rows.values()].filter((row) => (partsOf(row)[10]?.length ?? 0) > 0).length;
    const bytes = [...rows.values(), ...writes.values(), ...segments.values()].reduce((sum, { length }) => sum + length, 0);
    for (const [name, count] of Object.entries({ hidden, slots, bytes })) {
      if (Number(fields[name] ?? 0) !== count) faults.push(`${name} is ${fields[name]}, and there are ${count}`);
    }
    const pruned = await redis.callBuffer("HKEYS", key("tombstone"));
    for (const mark of (pruned as Buffer[]).map((each) => each.toString("latin1"))) {
      const member = mark.replace(/^pruned checkpoint /, "");
      if (member !== mark && writes.has(member) && !rows.has(member)) faults.push("writes to a checkpoint that was pruned");
    }
    const reached = new Set<string>();
    const queue = [
      ...[...rows.values()].map((row) => partsOf(row)[3] as Buffer),
      ...[...writes.values()].flatMap((row) => slotsOf(row).map((slot) => partsOf(slot.subarray(8))[2] as Buffer)),
    ].flatMap(idsOf);
    for (const id of queue) {
      if (reached.has(id)) continue;
      reached.add(id);
      const value = segments.get(id);
      if (value === undefined) faults.push(`the segment ${Buffer.from(id, "latin1").toString("hex")} is missing`);
      else queue.push(...idsOf(value.subarray(4, 4 + 16 * value.readUInt32LE(0))));
    }
    const unreached = [...segments.keys()].filter((id) => !reached.has(id));
    if (unreached.length > 0) faults.push(`${unreached.length} segments that nothing refers to`);
    return found;
  });
}

function hashOf(reply: unknown): Map<string, Buffer> {
  const list = reply as readonly Buffer[];
  return new Map(
    Array.from({ length: list.length / 2 }, (_, n) => [(list[2 * n] as Buffer).toString("latin1"), list[2 * n + 1] as Buffer]),
  );
}

export function partsOf(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt32LE(at))
    parts.push(bytes.subarray(at + 4, at + 4 + bytes.readUInt32LE(at)));
  return parts;
}

/** Of a row of writes, what stands behind the length of each slot: arrival, number, and then parts. */
export function slotsOf(row: Buffer): Buffer[] {
  return partsOf(row.subarray(4));
}

function idsOf(links: Buffer): string[] {
  return Array.from({ length: links.length / 16 }, (_, n) => links.subarray(16 * n, 16 * n + 16).toString("latin1"));
}
