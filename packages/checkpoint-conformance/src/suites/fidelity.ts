import assert from "node:assert/strict";
import { type CheckpointPendingWrite, MemorySaver } from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import { jsonArbitrary, messagesArbitrary, richArbitrary } from "../arbitrary-values.js";
import { type CaseContext, defineSuite } from "../case.js";
import { address, checkpointOf, collect, listIds, metadataOf, put, read, readValues } from "../checkpoints.js";
import { assertFails } from "../failures.js";
import { MaskingSerde } from "../masking-serde.js";
import { assertSame } from "../same-value.js";
import { imitations, jsonValues, type MakeValue, refusedValues, richValues } from "../values.js";

/** Writes by channel: the order in which ordinary and special writes of one batch come back is not what these cases are about. */
const byChannel = (writes: readonly CheckpointPendingWrite[] | undefined): Record<string, unknown> =>
  Object.fromEntries((writes ?? []).map(([, channel, value]) => [channel, value]));

/** Puts the value alone, inside others, and as a pending write; reads it with another saver. */
async function roundTrip(
  { saver, open, thread: newThread }: CaseContext,
  table: Readonly<Record<string, MakeValue>>,
): Promise<void> {
  const reader = await open();
  for (const [what, make] of Object.entries(table)) {
    const thread = newThread();
    const value = make();
    const values = { alone: value, inside: { list: [value, { deep: value }] } };
    const writes = { a: value, b: [value], __interrupt__: { value } };
    const id = await put(saver, { thread, values });
    await saver.putWrites(address(thread, { ns: "", id }), Object.entries(writes), "task");
    for (const by of [saver, reader]) {
      const tuple = await read(by, thread, id);
      assertSame(tuple.checkpoint.channel_values, values, `channel values with ${what}`);
      assertSame(byChannel(tuple.pendingWrites), writes, `pending writes with ${what}`);
    }
  }
}

/** The same values in every run; a failure prints its seed and the smallest value that fails. */
const seeded = { seed: 20_261_120, numRuns: 60, endOnFailure: false } as const;

async function readsWhatWasPut({ saver, thread: newThread }: CaseContext, arbitrary: fc.Arbitrary<unknown>): Promise<void> {
  const check = async (value: unknown): Promise<void> => {
    const thread = newThread();
    const expected = { value };
    const id = await put(saver, { thread, values: expected });
    await saver.putWrites(address(thread, { ns: "", id }), [["value", value]], "task");
    const tuple = await read(saver, thread, id);
    assertSame(tuple.checkpoint.channel_values, expected, "channel values");
    assertSame(tuple.pendingWrites, [["task", "value", value]], "pending writes");
  };
  await fc.assert(fc.asyncProperty(arbitrary, check), seeded);
}

const channelNames = [
  "a b",
  "",
  "a\\b",
  "\\x41",
  "a'b",
  'a"b',
  "{a,b}",
  "a:b",
  "branch:to:x",
  "é",
  "😀",
  "null",
  "$1",
  "%",
  "length",
];

export const fidelity = defineSuite("fidelity", (it) => {
  it("C-60 JSON values are read as they were put", (context) => roundTrip(context, jsonValues));

  it("C-60 any JSON value is read as it was put", (context) => readsWhatWasPut(context, jsonArbitrary));

  for (const [what, make] of Object.entries(richValues)) {
    it(`C-60 ${what}: read as it was put`, { requires: ["losslessValues"] }, (context) => roundTrip(context, { [what]: make }));
  }

  it("C-60 any value of these kinds is read as it was put", { requires: ["losslessValues"] }, (context) =>
    readsWhatWasPut(context, richArbitrary),
  );

  it("C-60 any conversation of LangChain's messages is read as it was put", { requires: ["losslessValues"] }, (context) =>
    readsWhatWasPut(context, messagesArbitrary),
  );

  it("C-60 any channel and any task has its own values, whatever its name", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const values = Object.fromEntries(channelNames.map((name) => [name, `value of ${name}`]));
    const id = await put(saver, { thread, values });
    for (const task of channelNames.filter((name) => name !== "")) {
      await saver.putWrites(
        address(thread, { ns: "", id }),
        channelNames.map((channel) => [channel, `${task}/${channel}`]),
        task,
      );
    }
    const tuple = await read(saver, thread, id);
    assertSame(tuple.checkpoint.channel_values, values, "channel values");
    assertSame(tuple.checkpoint.channel_versions, Object.fromEntries(channelNames.map((name) => [name, 1])), "versions");
    assert.equal(tuple.pendingWrites?.length, channelNames.length * (channelNames.length - 1));
    for (const [task, channel, value] of tuple.pendingWrites ?? []) assert.equal(value, `${task}/${channel}`);
  });

  it("C-60 channels and tasks may have NUL, lone surrogates or __proto__ in their names", {
    requires: ["losslessValues"],
  }, async (context) => {
    const { saver } = context;
    const thread = context.thread();
    const names = ["nul\0", "\0", "\ud800", "\udc00x"];
    const values = Object.fromEntries([...names, "__proto__"].map((name) => [name, `value of ${name}`]));
    const checkpoint = checkpointOf({ values });
    await saver.put(address(thread, { ns: "" }), checkpoint, metadataOf(), checkpoint.channel_versions);
    await saver.putWrites(
      address(thread, { ns: "", id: checkpoint.id }),
      Object.entries(values).map(([name, value]) => [name, value]),
      "task",
    );
    const tuple = await read(saver, thread, checkpoint.id);
    assertSame(tuple.checkpoint, checkpoint, "the checkpoint");
    assertSame(
      tuple.pendingWrites,
      Object.entries(values).map(([name, value]) => ["task", name, value]),
      "pending writes",
    );
  });

  it("C-61 what cannot be read again is refused, and nothing of it is stored", {
    requires: ["losslessValues"],
    hooks: ["errors"],
  }, async (context) => {
    const { saver, target } = context;
    for (const [what, make] of Object.entries(refusedValues)) {
      const thread = context.thread();
      const bad = { good: 1, bad: { list: ["x", make()] } };
      const error = await assertFails(target, "serialization", () => put(saver, { thread, values: bad }), `put of ${what}`);
      assert.match(error.message, /\bbad\b.*\blist\b.*1/, `the error for ${what} names the channel and the path`);
      assert.equal(await saver.getTuple(address(thread)), undefined, `after a put of ${what}`);
      const id = await put(saver, { thread });
      const writes = (): Promise<void> =>
        saver.putWrites(
          address(thread, { ns: "", id }),
          [
            ["good", 1],
            ["bad", [make()]],
          ],
          "t",
        );
      await assertFails(target, "serialization", writes, `putWrites of ${what}`);
      assert.deepEqual((await read(saver, thread, id)).pendingWrites ?? [], [], `after putWrites of ${what}`);
    }
  });

  it("C-62 data that imitates another type stays data", { requires: ["losslessValues"] }, (context) =>
    roundTrip(context, imitations),
  );

  it("C-63 a serializer of the user encodes every value and write, and only those", {
    requires: ["customSerde"],
  }, async (context) => {
    const thread = context.thread();
    const serde = new MaskingSerde(new MemorySaver().serde);
    const saver = await context.open({ serde });
    const values = { small: 1, text: "x".repeat(3_000), map: new Map([["a", 1]]), bytes: new Uint8Array([1, 2]), empty: null };
    const parent = await put(saver, { thread, values, metadata: { label: { a: [1] } } });
    assert.equal(serde.encoded, Object.keys(values).length, "values that passed through the serializer");
    const appended = { ...values, text: `${values.text}more` };
    const versions = { small: 1, text: 2, map: 1, bytes: 1, empty: 1 };
    const id = await put(saver, { thread, parent, values: appended, versions, newVersions: { text: 2 } });
    await saver.putWrites(
      address(thread, { ns: "", id }),
      [
        ["a", { b: 1 }],
        ["b", [1]],
      ],
      "t",
    );

    const reader = await context.open({ serde: new MaskingSerde(new MemorySaver().serde) });
    const tuple = await read(reader, thread);
    assertSame(tuple.checkpoint.channel_values, appended, "values");
    assertSame(
      tuple.pendingWrites,
      [
        ["t", "a", { b: 1 }],
        ["t", "b", [1]],
      ],
      "pending writes",
    );
    assertSame(await readValues(reader, thread, parent), values, "the parent's values");
    assert.deepEqual(await listIds(reader, address(thread), { filter: { step: 0, source: "loop" } }), [id, parent]);
    assertSame((await read(reader, thread, parent)).metadata, metadataOf({ metadata: { label: { a: [1] } } }), "metadata");
  });

  it("C-64 metadata is read as it was put", async ({ saver, thread: newThread }) => {
    for (const extra of [jsonMetadata, { parents: { "": "1", "sub:1|x:2": "2" }, writes: null }, {}]) {
      const thread = newThread();
      const metadata = metadataOf({ step: -1, metadata: { ...extra, source: "input" } });
      await saver.put(address(thread, { ns: "" }), checkpointOf({ id: "1" }), metadata, {});
      assertSame((await read(saver, thread)).metadata, metadata, "metadata");
      assertSame((await collect(saver.list(address(thread))))[0]?.metadata, metadata, "listed metadata");
    }
  });

  it("C-64 any JSON is metadata, NUL and lone surrogates included", { requires: ["exactMetadata"] }, async ({
    saver,
    thread: newThread,
  }) => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ stringUnit: "binary", maxDepth: 3 }), async (value) => {
        const thread = newThread();
        const id = await put(saver, { thread, metadata: { value, gone: undefined } });
        const expected = metadataOf({ metadata: { value: JSON.parse(JSON.stringify(value)) } });
        assertSame((await read(saver, thread, id)).metadata, expected, "metadata");
      }),
      { ...seeded, examples: [["a\0b"], [{ "\0": "\ud800", "\udc00": ["\0"] }], [{ "\\u0000": "\\ud800" }], [1e300], [""]] },
    );
  });

  it("C-64 a filter finds NUL and lone surrogates in metadata", { requires: ["exactMetadata"] }, async ({
    saver,
    thread: newThread,
  }) => {
    const thread = newThread();
    const labels = ["a\0b", "ab", "a\\u0000b", "\ud800", "\ufffd", "\udc00"];
    const ids: string[] = [];
    for (const label of labels) ids.push(await put(saver, { thread, metadata: { label, [`key ${label}`]: 1 } }));
    for (const [n, label] of labels.entries()) {
      assert.deepEqual(await listIds(saver, address(thread), { filter: { label } }), [ids[n]], `value ${JSON.stringify(label)}`);
      assert.deepEqual(
        await listIds(saver, address(thread), { filter: { [`key ${label}`]: 1 } }),
        [ids[n]],
        `key ${JSON.stringify(label)}`,
      );
    }
  });

  it("C-64 metadata that is not JSON is refused before the store is asked", { hooks: ["errors"] }, async ({
    saver,
    target,
    thread,
  }) => {
    await saver.getTuple(address(thread()));
    const before = target.roundTrips?.(saver);
    for (const [what, value] of Object.entries(notJson)) {
      const at = (): Promise<unknown> => put(saver, { thread: thread(), metadata: { label: { at: [0, value] } } });
      const error = await assertFails(target, "invalidMetadata", at, `put of metadata with ${what}`);
      assert.match(error.message, /label.*at.*1/, `the error for ${what} names the path`);
    }
    assert.equal(target.roundTrips?.(saver), before);
  });
});

const jsonMetadata = {
  text: "é 😀 \" ' \\ \n",
  number: -1.5,
  big: 2 ** 53 - 1,
  nothing: null,
  flag: false,
  nested: { list: [1, [2, { "": 3 }]], "a.b": {}, "a b": [] },
};

const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;

const notJson: Readonly<Record<string, unknown>> = {
  "a bigint": 1n,
  "a function": () => 1,
  "a symbol": Symbol("s"),
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "a Map": new Map(),
  "a cycle": cyclic,
};
