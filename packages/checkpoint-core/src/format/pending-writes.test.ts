import { ERROR, INTERRUPT, type PendingWrite, RESUME, SCHEDULED } from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeserializationError } from "../errors.js";
import { OWNER } from "./owner.testing.js";
import { decodeWrites, encodeWrites, pendingWrite, type SerializedWrite, type StoredSlot, writeIndex } from "./pending-writes.js";
import { SegmentReader } from "./segment-reader.js";
import { makeSegment, type Segment, type SegmentWithContent } from "./segment.js";
import { ValueBytes } from "./value-bytes.js";
import { taskOrder } from "./write-order.js";

const SPECIAL = [ERROR, SCHEDULED, INTERRUPT, RESUME];

function serialized(writes: readonly PendingWrite[]): SerializedWrite[] {
  const indexes = writeIndex([...writes]);
  return writes.map(([channel, value], position) => ({
    channel,
    type: "text",
    bytes: ValueBytes.of(Buffer.from(String(value))),
    index: indexes[position] as number,
    position,
  }));
}

/** What a store does with slots: a positive one is written once, a negative one replaced in its place; segments are never replaced. */
class Store {
  readonly slots = new Map<string, StoredSlot>();
  readonly segments = new Map<string, Segment>();
  #arrival = 0n;

  async put(
    taskId: string,
    writes: readonly PendingWrite[],
    taskPath?: string,
    related: readonly SegmentWithContent[] = [],
    context?: SegmentWithContent,
  ): Promise<void> {
    this.#arrival += 1n;
    const place = taskPath === undefined ? { call: this.#arrival } : { taskPath };
    const encoded = await encodeWrites({ ...OWNER, taskId, place }, serialized(writes), { verbatim: related, context });
    for (const segment of encoded.created) if (!this.segments.has(segment.id)) this.segments.set(segment.id, segment);
    for (const slot of encoded.slots) {
      expect(Number.isInteger(slot.slot) && Math.abs(slot.slot) < 2 ** 31).toBe(true);
      const key = `${taskId} ${slot.slot}`;
      const old = this.slots.get(key);
      if (old !== undefined && slot.slot > 0) continue;
      this.slots.set(key, { ...slot, taskId, place: old?.place ?? place, arrival: old?.arrival ?? this.#arrival });
    }
  }

  read(order: readonly StoredSlot[] = [...this.slots.values()]): [taskId: string, channel: string, value: string][] {
    return decodeWrites({ ...OWNER, slots: order }, new SegmentReader(this.segments)).map((write) => [
      write.taskId,
      write.channel,
      write.value.bytes.toBuffer().toString(),
    ]);
  }
}

interface ModelWrite {
  readonly taskId: string;
  readonly channel: string;
  readonly value: string;
  readonly index: number;
  readonly position: number;
  /** A write that is replaced keeps its arrival, and its path. */
  readonly arrival: number;
  readonly path: string | undefined;
}

/** The rules C-41 and C-42 word by word. */
class Model {
  readonly #writes = new Map<string, ModelWrite>();
  #arrival = 0;

  put(taskId: string, writes: readonly PendingWrite[], path?: string): void {
    this.#arrival += 1;
    for (const [position, [channel, value]] of writes.entries()) {
      const special = SPECIAL.indexOf(channel);
      const index = special < 0 ? position : -1 - special;
      const key = `${index} ${taskId}`;
      const old = this.#writes.get(key);
      if (old !== undefined && special < 0) continue;
      this.#writes.set(key, {
        taskId,
        channel,
        value: String(value),
        index,
        position,
        arrival: old?.arrival ?? this.#arrival,
        path: old === undefined ? path : old.path,
      });
    }
  }

  read(): [taskId: string, channel: string, value: string][] {
    const all = [...this.#writes.values()];
    const text = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
    const byPath = (a: ModelWrite, b: ModelWrite): number =>
      text(a.path ?? "", b.path ?? "") || text(a.taskId, b.taskId) || a.index - b.index;
    const ordered = [
      ...all
        .filter(({ path }) => path === undefined)
        .sort((a, b) => a.arrival - b.arrival || a.position - b.position || a.index - b.index),
      ...all.filter(({ path }) => path !== undefined).sort(byPath),
    ];
    return ordered.map(({ taskId, channel, value }) => [taskId, channel, value]);
  }
}

const channel = fc.oneof({ weight: 3, arbitrary: fc.constantFrom("a", "b", "__proto__") }, fc.constantFrom(...SPECIAL));
const batches = fc
  .array(
    fc.record({
      task: fc.constantFrom("t1", "t2", "\u{10000}", "\ufffd"),
      channels: fc.array(channel, { minLength: 1, maxLength: 4 }),
      large: fc.boolean(),
    }),
    { maxLength: 7 },
  )
  .map((list) =>
    list.map(({ task, channels, large }, batch) => ({
      task,
      // Every value is another, so that it shows which write counted.
      writes: channels.map((name, position): PendingWrite => [name, `${batch}/${position}${large ? " text".repeat(150) : ""}`]),
    })),
  );
const pathOf = fc.constantFrom<Readonly<Record<string, string>>>(
  {},
  { t1: "p", t2: "o", "\u{10000}": "p", "\ufffd": "\u{10000}" },
  { t2: "p", "\ufffd": "\ufffd" },
  { t1: "", t2: "" },
);

describe("C-41 C-42 pending writes", () => {
  it("count and are ordered as the rules say, whatever the batches", async () => {
    await fc.assert(
      fc.asyncProperty(batches, pathOf, fc.boolean(), async (list, paths, withContext) => {
        const [store, model] = [new Store(), new Model()];
        const context = withContext ? makeSegment(Buffer.from(" text".repeat(3000))) : undefined;
        if (context !== undefined) store.segments.set(context.id, context);
        for (const { task, writes } of list) {
          await store.put(task, writes, paths[task], context === undefined ? [] : [context], context);
          model.put(task, writes, paths[task]);
        }
        expect(store.read()).toEqual(model.read());
        // In whatever order the store returns its rows.
        expect(store.read([...store.slots.values()].reverse())).toEqual(model.read());
      }),
      { seed: 41, numRuns: 600 },
    );
  });

  it("C-41 ignores a second ordinary write of a task and position", async () => {
    const store = new Store();
    await store.put("t", [
      ["a", 1],
      ["b", 2],
    ]);
    await store.put("t", [
      ["a", 3],
      ["b", 4],
    ]);
    await store.put("t", [["c", 5]]);
    expect(store.read()).toEqual([
      ["t", "a", "1"],
      ["t", "b", "2"],
    ]);
  });

  it("C-41 takes from a longer batch what the first did not have", async () => {
    const store = new Store();
    await store.put("t", [["a", 1]]);
    await store.put("t", [
      ["a", 2],
      ["b", 3],
    ]);
    expect(store.read()).toEqual([
      ["t", "a", "1"],
      ["t", "b", "3"],
    ]);
  });

  it("C-41 takes an ordinary write where the first batch had a special one", async () => {
    const store = new Store();
    await store.put("t", [
      [RESUME, 1],
      ["b", 2],
    ]);
    await store.put("t", [
      ["a", 3],
      ["b", 4],
    ]);
    expect(store.read()).toEqual([
      ["t", RESUME, "1"],
      ["t", "b", "2"],
      ["t", "a", "3"],
    ]);
  });

  it("C-41 replaces special writes one by one, also in a mixed batch", async () => {
    const store = new Store();
    await store.put("t", [
      [INTERRUPT, 1],
      [RESUME, 2],
    ]);
    await store.put("t", [
      ["a", 3],
      [INTERRUPT, 4],
    ]);
    await store.put("u", [[INTERRUPT, 5]]);
    expect(new Set(store.read().map(String))).toEqual(
      new Set([`t,${INTERRUPT},4`, `t,${RESUME},2`, "t,a,3", `u,${INTERRUPT},5`]),
    );
  });

  it("C-41 of two special writes in one batch the last counts", async () => {
    const store = new Store();
    await store.put("t", [
      [RESUME, 1],
      ["a", 2],
      [RESUME, 3],
    ]);
    expect(store.read()).toEqual([
      ["t", "a", "2"],
      ["t", RESUME, "3"],
    ]);
  });

  it("C-42 those with a path come last, by path, task and position, by code point", async () => {
    const store = new Store();
    await store.put("z", [["a", 1]], "p");
    await store.put(
      "\u{10000}",
      [
        ["a", 2],
        ["b", 3],
      ],
      "o",
    );
    await store.put("\ufffd", [["a", 4]], "o");
    await store.put("y", [["a", 5]]);
    await store.put("x", [["a", 6]]);
    expect(store.read().map(([, , value]) => value)).toEqual(["5", "6", "4", "2", "3", "1"]);
  });
});

it("C-44 delta channels replay by task, then by position", async () => {
  const store = new Store();
  await store.put("b", [
    ["a", 1],
    ["a", 2],
  ]);
  await store.put("a", [
    ["a", 3],
    [ERROR, 4],
  ]);
  const writes = decodeWrites({ ...OWNER, slots: [...store.slots.values()] }, new SegmentReader(store.segments));
  expect(writes.sort(taskOrder(writes)).map(({ value }) => value.bytes.toBuffer().toString())).toEqual(["4", "3", "1", "2"]);
});

it("C-41 a special channel has upstream's number, any other its position", () => {
  expect(
    writeIndex([
      ["a", 0],
      [ERROR, 0],
      [SCHEDULED, 0],
      [INTERRUPT, 0],
      [RESUME, 0],
      ["toString", 0],
      ["__proto__", 0],
    ]),
  ).toEqual([0, -1, -2, -3, -4, 5, 6]);
});

it("takes one slot for a batch of ordinary writes", async () => {
  const { slots } = await encodeWrites(
    OWNER,
    serialized([
      ["a", 1],
      ["b", 2],
      ["c", 3],
    ]),
  );
  expect(slots.map(({ slot }) => slot)).toEqual([3]);
});

it("C-40 the same batch makes the same segments", async () => {
  const writes = serialized([
    ["a", "x".repeat(2000)],
    ["b", "y".repeat(600)],
  ]);
  const [once, again] = [await encodeWrites(OWNER, writes), await encodeWrites(OWNER, writes)];
  expect(once.created.map(({ id }) => id)).toEqual(again.created.map(({ id }) => id));
  expect(once.created).toHaveLength(2);
});

it("a large write whose segment is gone is a DeserializationError", async () => {
  const store = new Store();
  await store.put("t", [["a", "x".repeat(2000)]]);
  store.segments.clear();
  expect(() => store.read()).toThrow(DeserializationError);
});

it("is handed to LangGraph as [task, channel, value]", () => {
  const value = { type: "t", bytes: ValueBytes.of(Buffer.alloc(0)), pieces: undefined };
  expect(pendingWrite({ taskId: "t", channel: "a", index: 0, place: { taskPath: "" }, value }, 7)).toEqual(["t", "a", 7]);
});
