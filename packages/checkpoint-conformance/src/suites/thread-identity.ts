import assert from "node:assert/strict";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { defineSuite } from "../case.js";
import { address, checkpointOf, collect, idOf, metadataOf, put, read, readValues } from "../checkpoints.js";
import { assertFails, rejection } from "../failures.js";
import { callsOfAGraph } from "../scenarios/calls-of-a-graph.js";

type Operation = readonly [name: string, call: (saver: BaseCheckpointSaver, thread: unknown) => Promise<unknown>];

const listing: Operation = ["list", (saver, thread) => collect(saver.list(address(thread)))];

const reading: readonly Operation[] = [
  ["getTuple", (saver, thread) => saver.getTuple(address(thread))],
  ["getTuple with a checkpoint id", (saver, thread) => saver.getTuple(address(thread, { id: "1" }))],
];

const history: Operation = [
  "getDeltaChannelHistory",
  (saver, thread) => saver.getDeltaChannelHistory({ config: address(thread, { ns: "", id: "1" }), channels: ["a"] }),
];

const writing: readonly Operation[] = [
  ["put", (saver, thread) => saver.put(address(thread, { ns: "" }), checkpointOf({}), metadataOf(), {})],
  ["putWrites", (saver, thread) => saver.putWrites(address(thread, { ns: "", id: "1" }), [["a", 1]], "task")],
  ["deleteThread", (saver, thread) => saver.deleteThread(thread as string)],
];

const invalidThreadIds: Readonly<Record<string, unknown>> = {
  "the empty string": "",
  null: null,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "a fraction": 1.5,
  "an object": { a: 1 },
  "an array": ["a"],
  "a boolean": true,
  "a string with NUL": "a\0b",
  "a lone high surrogate": "a\ud800",
  "a lone low surrogate": "\udc00a",
  "1,025 bytes": "a".repeat(1_025),
  "1,026 bytes in 342 characters": "€".repeat(342),
};

const ordinaryThreadIds = [
  ...[
    "*",
    "?",
    "[a]",
    "{a}",
    "%",
    "_",
    "\\",
    "\\x41",
    "'",
    '"',
    "`",
    "$1",
    "$$",
    ":",
    "|",
    "/",
    ",",
    ";",
    "--",
    "a b",
    " a",
    "a ",
    "\n",
  ],
  ...[
    "org",
    "org:1",
    "org:10",
    "org*",
    "null",
    "undefined",
    "0",
    "-1",
    "true",
    "NaN",
    "toString",
    "é",
    "e\u0301",
    "ß",
    "ss",
    "İ",
    "😀",
  ],
];

export const threadIdentity = defineSuite("thread identity", (it) => {
  it("C-01 1,024 bytes are a thread id, and one differing in the last byte is another", async ({ saver, thread }) => {
    const fill = (last: string): string => `${thread("").padEnd(1_023, "x")}${last}`;
    const [one, other] = [fill("1"), fill("2")];
    await put(saver, { thread: one, values: { a: "one" } });
    await put(saver, { thread: other, values: { a: "other" } });
    assert.deepEqual([await readValues(saver, one), await readValues(saver, other)], [{ a: "one" }, { a: "other" }]);
  });

  it("C-01 a number or a bigint is taken as its decimal string", { requires: ["numericThreadIds"] }, async ({
    saver,
    thread,
  }) => {
    const digits = Number.parseInt(thread("").slice(0, 8), 16);
    for (const [given, text] of [
      [digits, `${digits}`],
      [-digits, `-${digits}`],
      [BigInt(digits) * 10n ** 20n, `${BigInt(digits) * 10n ** 20n}`],
    ]) {
      const id = await put(saver, { thread: given, values: { a: text } });
      await saver.putWrites(address(given, { ns: "", id }), [["a", 1]], "task");
      const tuple = await read(saver, text as string);
      assert.deepEqual([tuple.checkpoint.channel_values, tuple.pendingWrites?.length], [{ a: text }, 1]);
      assert.equal(tuple.config.configurable?.thread_id, text);
      assert.equal(idOf(await saver.getTuple(address(given))), id);
      assert.deepEqual((await collect(saver.list(address(given)))).map(idOf), [id]);
      await saver.deleteThread(given as unknown as string);
      assert.equal(await saver.getTuple(address(text)), undefined);
    }
  });

  it("C-01 anything else is refused by every method, before it asks the store", { hooks: ["errors"] }, async ({
    saver,
    target,
  }) => {
    await saver.getTuple(address("a"));
    const before = target.roundTrips?.(saver);
    for (const [what, thread] of Object.entries(invalidThreadIds)) {
      for (const [name, call] of [...reading, listing, history, ...writing]) {
        await assertFails(target, "invalidThreadId", () => call(saver, thread), `${name} with ${what} as thread_id`);
      }
    }
    assert.equal(target.roundTrips?.(saver), before);
  });

  it("C-02 put, putWrites and deleteThread without a thread_id fail, and say what is missing", async ({ saver }) => {
    for (const [name, call] of writing) {
      const error = await rejection(() => call(saver, undefined), `${name} without a thread_id`);
      assert.match(error.message, /thread_id/, `${name} says what is missing`);
    }
  });

  it("C-02 the error for a missing thread_id shows the line to write", { hooks: ["errors"] }, async ({ saver, target }) => {
    for (const [name, call] of writing) {
      const error = await assertFails(target, "missingThreadId", () => call(saver, undefined), `${name} without a thread_id`);
      assert.match(error.message, /configurable: \{ thread_id: /);
    }
  });

  it("C-02 getTuple without a thread_id finds nothing", async ({ saver, thread }) => {
    const id = await put(saver, { thread: thread(), values: { a: 1 } });
    assert.equal(await saver.getTuple(address(undefined)), undefined);
    assert.equal(await saver.getTuple({}), undefined);
    assert.equal(await saver.getTuple(address(undefined, { ns: "", id })), undefined);
  });

  for (const durability of ["sync", "async", "exit"] as const) {
    it(`C-01 C-02 a run without a thread_id, or with a bad one, fails before its first node, durability ${durability}`, {
      hooks: ["errors"],
    }, async ({ saver, target }) => {
      let nodes = 0;
      const calls = callsOfAGraph(saver, async () => {
        nodes += 1;
        // A promise of the saver that is rejected meanwhile, and that nobody looks at, ends the process.
        for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      });
      for (const [name, call] of Object.entries(calls)) {
        await assertFails(target, "missingThreadId", () => call({ durability }), `${name} without a thread_id`);
        for (const [what, thread] of Object.entries(invalidThreadIds)) {
          const run = (): Promise<unknown> => call({ ...address(thread), durability });
          await assertFails(target, "invalidThreadId", run, `${name} with ${what} as thread_id`);
        }
      }
      assert.equal(nodes, 0, "nodes that have begun");
    });
  }

  it("C-02 list without a thread_id lists all threads", async ({ saver, thread }) => {
    const marker = thread();
    const ids = [];
    for (const name of ["a", "b", "c"]) ids.push(await put(saver, { thread: thread(name), metadata: { marker } }));
    const listed = (await collect(saver.list({}, { filter: { marker } }))).map(idOf);
    assert.deepEqual(new Set(listed), new Set(ids));
  });

  it("C-02 a thread_id that is given but empty never means all threads", { hooks: ["errors"] }, async ({
    saver,
    target,
    thread,
  }) => {
    await put(saver, { thread: thread(), values: { a: 1 } });
    for (const empty of ["", null]) {
      for (const [name, call] of [...reading, listing, ...writing]) {
        await assertFails(target, "invalidThreadId", () => call(saver, empty), `${name} with thread_id ${JSON.stringify(empty)}`);
      }
    }
  });

  it("C-03 no string is special: each thread reads its own, and goes alone", async ({ saver, thread }) => {
    const prefix = thread("");
    const threads = ordinaryThreadIds.map((suffix) => `${prefix}${suffix}`);
    for (const each of threads) await put(saver, { thread: each, values: { mine: each } });
    for (const each of threads) {
      assert.deepEqual(await readValues(saver, each), { mine: each });
      assert.equal((await collect(saver.list(address(each)))).length, 1, `list of ${each}`);
    }
    for (const [index, gone] of threads.entries()) {
      await saver.deleteThread(gone);
      assert.equal(await saver.getTuple(address(gone)), undefined, `${gone} is deleted`);
      for (const left of threads.slice(index + 1))
        assert.deepEqual(await readValues(saver, left), { mine: left }, `after ${gone}`);
    }
  });

  it("C-03 names of JavaScript's own properties are thread ids", { requires: ["specialThreadIds"] }, async ({ saver }) => {
    for (const thread of ["__proto__", "constructor", "prototype", "hasOwnProperty"]) {
      const id = await put(saver, { thread, ns: "__proto__", values: { mine: thread } });
      await saver.putWrites(address(thread, { ns: "__proto__", id }), [["a", 1]], "__proto__");
      const tuple = await read(saver, thread, undefined, "__proto__");
      assert.deepEqual([tuple.checkpoint.channel_values, tuple.pendingWrites], [{ mine: thread }, [["__proto__", "a", 1]]]);
      await saver.deleteThread(thread);
      assert.equal(await saver.getTuple(address(thread, { ns: "__proto__" })), undefined);
    }
  });

  it("C-03 thread, namespace and checkpoint id are never joined into one name", async ({ saver, thread }) => {
    const t = thread("");
    const parts = [":", "|", ",", "/", "%", "\u0001", "\\"].flatMap((by): [string, string, string][] => [
      [`${t}a`, `b${by}c`, "d"],
      [`${t}a${by}b`, "c", "d"],
      [`${t}a`, "b", `c${by}d`],
    ]);
    for (const [step, [thread, ns, id]] of parts.entries()) {
      await put(saver, { thread, ns, id, step, values: { at: [thread, ns, id] } });
      await saver.putWrites(address(thread, { ns, id }), [["at", [thread, ns, id]]], "task");
    }
    for (const at of parts) {
      const tuple = await read(saver, at[0], at[2], at[1]);
      assert.deepEqual([tuple.checkpoint.channel_values, tuple.pendingWrites], [{ at }, [["task", "at", at]]]);
    }
  });

  it("C-05 a malformed namespace, checkpoint id or task id is refused before the store is asked", {
    hooks: ["errors"],
  }, async (context) => {
    const { saver, target } = context;
    const thread = context.thread();
    await saver.getTuple(address(thread));
    const before = target.roundTrips?.(saver);
    const at = (configurable: Record<string, unknown>): { configurable: Record<string, unknown> } => ({
      configurable: { thread_id: thread, ...configurable },
    });
    const writes = (config: ReturnType<typeof at>, task: unknown = "task"): Promise<void> =>
      saver.putWrites(config, [["a", 1]], task as string);
    for (const bad of ["a\0", "\ud800", 1, {}, null]) {
      const what = JSON.stringify(bad);
      const config = at({ checkpoint_ns: bad, checkpoint_id: "1" });
      await assertFails(target, "invalidConfig", () => saver.getTuple(config), `getTuple in namespace ${what}`);
      await assertFails(target, "invalidConfig", () => collect(saver.list(config)), `list in namespace ${what}`);
      await assertFails(target, "invalidConfig", () => saver.put(config, checkpointOf({}), metadataOf(), {}), `put in ${what}`);
      await assertFails(target, "invalidConfig", () => writes(config), `putWrites in namespace ${what}`);
    }
    for (const bad of ["a\0", "\ud800", 1, {}]) {
      const what = JSON.stringify(bad);
      const config = at({ checkpoint_ns: "", checkpoint_id: bad });
      await assertFails(target, "invalidConfig", () => saver.getTuple(config), `getTuple of checkpoint ${what}`);
      await assertFails(target, "invalidConfig", () => writes(config), `putWrites to checkpoint ${what}`);
      await assertFails(target, "invalidConfig", () => writes(at({ checkpoint_id: "1" }), bad), `putWrites of task ${what}`);
    }
    const unnamed = { ...checkpointOf({}), id: "" };
    await assertFails(
      target,
      "invalidConfig",
      () => saver.put(at({}), unnamed, metadataOf(), {}),
      "put of a checkpoint without an id",
    );
    await assertFails(target, "invalidConfig", () => writes(at({ checkpoint_ns: "" })), "putWrites without a checkpoint id");
    await assertFails(target, "invalidConfig", () => writes(at({ checkpoint_id: "1" }), ""), "putWrites of a task without an id");
    assert.equal(target.roundTrips?.(saver), before);
  });

  it("C-05 the namespace is the root graph's where none is given", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const checkpoint = checkpointOf({ values: { a: 1 } });
    const config = await saver.put(address(thread), checkpoint, metadataOf(), { a: 1 });
    assert.deepEqual(config, address(thread, { ns: "", id: checkpoint.id }));
    assert.deepEqual(await readValues(saver, thread, checkpoint.id, ""), { a: 1 });
    assert.equal(idOf(await saver.getTuple(address(thread))), checkpoint.id);
    assert.equal(await saver.getTuple(address(thread, { ns: "sub" })), undefined);
  });
});
