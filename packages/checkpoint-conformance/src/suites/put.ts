// One file for one suite, as for every suite: its name is what the report and `--only` show.
import assert from "node:assert/strict";
import { uuid6 } from "@langchain/langgraph-checkpoint";
import { defineSuite } from "../case.js";
import { address, checkpointOf, idOf, listIds, metadataOf, put, putChain, read, readValues } from "../checkpoints.js";
import { assertSame } from "../same-value.js";

const big = (seed: string): string => Array.from({ length: 400 }, (_, line) => `${seed} line ${line}`).join("\n");

export const putCheckpoints = defineSuite("put", (it) => {
  it("C-30 puts at the same time are each whole", async ({ saver, thread: newThread }) => {
    const threads = Array.from({ length: 12 }, (_, n) => newThread(`${n}`));
    const values = (n: number): Record<string, unknown> =>
      Object.fromEntries(Array.from({ length: 30 }, (_, channel) => [`c${channel}`, `${n}/${channel}`]));
    await Promise.all(threads.map((thread, n) => put(saver, { thread, values: values(n) })));
    for (const [n, thread] of threads.entries()) assertSame(await readValues(saver, thread), values(n), `thread ${n}`);
  });

  it("C-30 a reader sees all of a checkpoint or nothing of it, while it is put", async ({ saver, open, thread: newThread }) => {
    const reader = await open();
    const thread = newThread();
    let parent: string | undefined;
    for (let step = 0; step < 10; step += 1) {
      const names = Array.from({ length: 20 }, (_, n) => `c${n}`);
      const values = Object.fromEntries(names.map((name) => [name, `${step} ${"x".repeat(500)}`]));
      const versions = Object.fromEntries(names.map((name) => [name, step + 1]));
      const writing = put(saver, { thread, parent, step, values, versions });
      const done = writing.then(() => true);
      for (let isDone = false; !isDone; ) {
        isDone = await Promise.race([done, new Promise<false>((resolve) => void setImmediate(resolve, false))]);
        const tuple = await reader.getTuple(address(thread));
        if (tuple === undefined && step === 0 && !isDone) continue;
        const seen = Object.values(tuple?.checkpoint.channel_values ?? {});
        assert(seen.length === 20 && new Set(seen).size === 1, `${seen.length} of 20 values are there, or they are mixed`);
        assertSame(tuple?.metadata?.step, Number.parseInt(String(seen[0]), 10), "the step of metadata and that of the values");
      }
      parent = await writing;
    }
  });

  it("C-31 the same id again replaces content and metadata, and keeps its place", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const ids = await putChain(saver, thread, 4, (step) => ({ values: { step }, versions: { step: step + 1 } }));
    const [first, second, third, fourth] = ids as [string, string, string, string];
    await saver.putWrites(address(thread, { ns: "", id: second }), [["a", 1]], "task");
    const replaced = { id: second, parent: first, step: 7, values: { step: "new", more: 1 }, versions: { step: 9, more: 1 } };
    await put(saver, { thread, ...replaced, metadata: { label: "again" } });

    const tuple = await read(saver, thread, second);
    assertSame(tuple.checkpoint.channel_values, { step: "new", more: 1 }, "values");
    assertSame(tuple.metadata, metadataOf({ step: 7, metadata: { label: "again" } }), "metadata");
    assert.deepEqual(tuple.pendingWrites, [["task", "a", 1]], "its pending writes stay");
    assert.deepEqual(await listIds(saver, address(thread)), [fourth, third, second, first]);
    assert.equal(idOf(await saver.getTuple(address(thread))), fourth, "the latest is still the latest");
    const before = address(thread, { id: third });
    assert.deepEqual(await listIds(saver, address(thread), { before }), [second, first]);
  });

  it("C-31 the same put many times at once is one checkpoint", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const parent = await put(saver, { thread, values: { text: big("a") } });
    const id = uuid6(1);
    const again = (): Promise<string> =>
      put(saver, { thread, parent, id, values: { text: big("a") + big("b") }, versions: { text: 2 } });
    await Promise.all(Array.from({ length: 8 }, again));
    assert.deepEqual(await listIds(saver, address(thread)), [id, parent]);
    assertSame(await readValues(saver, thread, id), { text: big("a") + big("b") }, "values");
  });

  it("C-31 a checkpoint that was put again does not change what its children carry over", async ({
    saver,
    thread: newThread,
  }) => {
    const thread = newThread();
    const parent = await put(saver, { thread, values: { small: 1, large: big("old") } });
    const carried = {
      values: { small: 1, large: big("old"), own: 1 },
      versions: { small: 1, large: 1, own: 1 },
      newVersions: { own: 1 },
    };
    const child = await put(saver, { thread, parent, ...carried });
    await put(saver, { thread, id: parent, values: { small: 2, large: big("new") } });
    assertSame(await readValues(saver, thread, child), carried.values, "the child");
    assertSame(await readValues(saver, thread, parent), { small: 2, large: big("new") }, "the parent");
  });

  it("C-31 a checkpoint put again on top of itself keeps its channels", async ({ saver, thread: newThread }) => {
    // With durability "exit", LangGraph puts an unchanged checkpoint again: its parent is then named as itself, with no new versions.
    const thread = newThread();
    const root = await put(saver, { thread, values: { a: 1, large: big("x") } });
    const values = { a: 2, large: big("x"), small: "s" };
    const versions = { a: 2, large: 1, small: 1 };
    const id = await put(saver, { thread, parent: root, values, versions, newVersions: { a: 2, small: 1 } });
    await put(saver, { thread, parent: id, id, values, versions, newVersions: {}, metadata: { again: true } });
    const tuple = await read(saver, thread, id);
    assertSame(tuple.checkpoint.channel_values, values, "values");
    assertSame(tuple.metadata, metadataOf({ metadata: { again: true } }), "metadata");
    assert.deepEqual(await listIds(saver, address(thread)), [id, root]);
  });

  it("C-31 a checkpoint put again on top of itself keeps its parent", { requires: ["ownParent"] }, async ({
    saver,
    thread: newThread,
  }) => {
    const thread = newThread();
    const root = await put(saver, { thread, values: { a: 1 } });
    const id = await put(saver, { thread, parent: root, values: { a: 2 }, versions: { a: 2 } });
    await put(saver, { thread, parent: id, id, values: { a: 2 }, versions: { a: 2 }, newVersions: {} });
    assert.deepEqual((await read(saver, thread, id)).parentConfig, address(thread, { ns: "", id: root }));
    const { writes } =
      (await saver.getDeltaChannelHistory({ config: address(thread, { ns: "", id }), channels: ["none"] })).none ?? {};
    assert.deepEqual(writes, [], "the walk to the root ends");
  });

  it("C-32 a channel in newVersions takes its value, and without one it is empty from then on", async ({
    saver,
    thread: newThread,
  }) => {
    const thread = newThread();
    const first = await put(saver, { thread, values: { a: 1, b: "b", large: big("x") } });
    const emptied = { values: { b: "b" }, versions: { a: 2, b: 1, large: 2 }, newVersions: { a: 2, large: 2 } };
    const second = await put(saver, { thread, parent: first, ...emptied });
    const kept = { values: { b: "b", c: 1 }, versions: { a: 2, b: 1, large: 2, c: 3 }, newVersions: { c: 3 } };
    const third = await put(saver, { thread, parent: second, ...kept });
    const filled = { values: { a: null, b: "b", c: 1 }, versions: { a: 4, b: 1, large: 2, c: 3 }, newVersions: { a: 4 } };
    const fourth = await put(saver, { thread, parent: third, ...filled });
    assertSame(await readValues(saver, thread, second), { b: "b" }, "after it was emptied");
    assertSame(await readValues(saver, thread, third), { b: "b", c: 1 }, "one later");
    assertSame(await readValues(saver, thread, fourth), { a: null, b: "b", c: 1 }, "filled again");
    assertSame(await readValues(saver, thread, first), { a: 1, b: "b", large: big("x") }, "the first is as it was");
    assert.deepEqual((await read(saver, thread, third)).checkpoint.channel_versions, kept.versions);
  });

  it("C-33 channels that did not change carry over, however often", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    let parent: string | undefined;
    let values: Record<string, unknown> = { small: "s", nothing: null, large: big("kept"), list: [1, { a: 2 }] };
    let versions: Record<string, number> = { small: 1, nothing: 1, large: 1, list: 1 };
    let newVersions = versions;
    const expected: [string, Record<string, unknown>][] = [];
    for (let step = 0; step < 12; step += 1) {
      parent = await put(saver, { thread, parent, step, values, versions, newVersions });
      expected.push([parent, values]);
      values = { ...values, [`step${step}`]: step, small: step % 4 === 3 ? `s${step}` : values.small };
      newVersions = { [`step${step}`]: 1, ...(step % 4 === 3 ? { small: (versions.small ?? 0) + 1 } : {}) };
      versions = { ...versions, ...newVersions };
    }
    for (const [id, all] of expected) assertSame(await readValues(saver, thread, id), all, `checkpoint ${id}`);
  });

  it("C-33 what carries over is the parent's value, also where none is given", {
    requires: ["incrementalChannels"],
  }, async (context) => {
    const { saver } = context;
    const thread = context.thread();
    const values = { a: "a1", b: "b1", large: big("1") };
    const parent = await put(saver, { thread, values });
    const next = { values: { b: "b2", a: "not to be stored" }, versions: { a: 1, b: 2, large: 1 }, newVersions: { b: 2 } };
    const child = await put(saver, { thread, parent, ...next });
    assertSame(await readValues(saver, thread, child), { ...values, b: "b2" }, "the child");
    const grandchild = await put(saver, { thread, parent: child, values: {}, versions: next.versions, newVersions: {} });
    assertSame(await readValues(saver, thread, grandchild), { ...values, b: "b2" }, "the grandchild");
  });

  it("C-33 a channel that the parent does not hold at that version is stored as given", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const parent = await put(saver, { thread, values: { a: "v1", b: "b" } });
    const given = { values: { a: "v5", b: "b", c: "c" }, versions: { a: 5, b: 1, c: 2 }, newVersions: {} };
    const child = await put(saver, { thread, parent, ...given });
    assertSame(await readValues(saver, thread, child), given.values, "a child with other versions");
    const orphan = await put(saver, { thread, parent: uuid6(9), ...given });
    assertSame(await readValues(saver, thread, orphan), given.values, "a child of a parent that is not there");
    const elsewhere = await put(saver, { thread, ns: "sub", parent, ...given });
    assertSame(await readValues(saver, thread, elsewhere, "sub"), given.values, "a child in a namespace where the parent is not");
  });

  it("C-33 without a parent, only what newVersions names is stored", { requires: ["incrementalChannels"] }, async (context) => {
    const { saver } = context;
    const thread = context.thread();
    const id = await put(saver, { thread, values: { a: 1, b: 2 }, versions: { a: 1, b: 1 }, newVersions: { b: 1 } });
    assertSame(await readValues(saver, thread, id), { b: 2 }, "values");
  });

  it("C-34 a fork is a copy of all the values it is given", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const values = { a: 1, large: big("forked") };
    const versions = { a: 3, large: 2 };
    const root = await put(saver, { thread, values: { a: 0 } });
    const original = await put(saver, { thread, parent: root, values, versions });
    const fork = { values, versions, newVersions: {}, metadata: { source: "fork" } };
    const sibling = await put(saver, { thread, parent: root, ...fork });
    const ofRoot = await put(saver, { thread, ...fork });
    const child = await put(saver, {
      thread,
      parent: ofRoot,
      values: { ...values, b: 1 },
      versions: { ...versions, b: 1 },
      newVersions: { b: 1 },
    });
    assertSame(await readValues(saver, thread, sibling), values, "a copy beside the original");
    assertSame(await readValues(saver, thread, ofRoot), values, "a copy without a parent");
    assertSame(await readValues(saver, thread, child), { ...values, b: 1 }, "a child of that copy");
    assertSame(await readValues(saver, thread, original), values, "the original");
    assert.equal((await read(saver, thread, ofRoot)).parentConfig, undefined);
  });

  it("C-35 branches that give one version number to different values each keep their own", async ({
    saver,
    thread: newThread,
  }) => {
    const thread = newThread();
    const root = await put(saver, { thread, values: { q: "root", large: big("root"), kept: 1 } });
    const branch = async (name: string, ns = "", on?: string): Promise<[string, Record<string, unknown>, string]> => {
      const values = { q: name, large: big("root") + big(name), kept: 1 };
      const id = await put(saver, {
        thread,
        ns,
        parent: on,
        values,
        versions: { q: 2, large: 2, kept: 1 },
        newVersions: { q: 2, large: 2 },
      });
      return [id, values, ns];
    };
    const branches = [await branch("first", "", root), await branch("second", "", root), await branch("third", "", root)];
    branches.push(await branch("alone"), await branch("nested", "sub:1"), await branch("other", "sub:2"));
    for (const [parent, values, ns] of branches.slice(0, 3)) {
      const versions = { q: 2, large: 2, kept: 1, own: 1 };
      const child = await put(saver, {
        thread,
        ns,
        parent,
        values: { ...values, own: parent },
        versions,
        newVersions: { own: 1 },
      });
      branches.push([child, { ...values, own: parent }, ns]);
    }
    for (const [id, values, ns] of branches) {
      const { kept, ...rest } = values;
      const read = await readValues(saver, thread, id, ns);
      assertSame({ q: read.q, large: read.large }, { q: rest.q, large: rest.large }, `branch ${String(rest.q)}`);
    }
    assertSame(await readValues(saver, thread, root), { q: "root", large: big("root"), kept: 1 }, "the root");
  });

  it("C-36 put and putWrites take values as they are at the call", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const messages = [{ text: "as it was" }];
    const metadata = metadataOf({ metadata: { tags: ["as it was"] } });
    const checkpoint = checkpointOf({ values: { messages } });
    const seen: Record<string, number> = { channel: 1 };
    checkpoint.versions_seen = { node: seen };
    const pending = saver.put(address(thread, { ns: "" }), checkpoint, metadata, { messages: 1 });
    const written = saver.putWrites(address(thread, { ns: "", id: checkpoint.id }), [["messages", messages]], "task");
    messages.push({ text: "later" });
    (messages[0] as { text: string }).text = "changed";
    (metadata as unknown as { tags: string[] }).tags.push("later");
    checkpoint.channel_values.other = 1;
    checkpoint.channel_versions.messages = 9;
    seen.channel = 9;
    await Promise.all([pending, written]);
    const tuple = await read(saver, thread, checkpoint.id);
    assertSame(tuple.checkpoint.channel_values, { messages: [{ text: "as it was" }] }, "values");
    assertSame(tuple.checkpoint.channel_versions, { messages: 1 }, "versions");
    assertSame(tuple.checkpoint.versions_seen, { node: { channel: 1 } }, "versions seen");
    assertSame(tuple.metadata, metadataOf({ metadata: { tags: ["as it was"] } }), "metadata");
    assertSame(tuple.pendingWrites, [["task", "messages", [{ text: "as it was" }]]], "pending writes");
  });

  it("C-36 what is read is the reader's own, and what was given is left as it was", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const first = checkpointOf({ values: { list: [1], large: [big("x")] } });
    const given = structuredClone(first);
    await saver.put(address(thread, { ns: "" }), first, metadataOf(), { list: 1, large: 1 });
    assertSame(first, given, "the checkpoint that was given");
    const tuple = await read(saver, thread, first.id);
    (tuple.checkpoint.channel_values.list as number[]).push(2);
    (tuple.checkpoint.channel_values.large as string[]).push("changed by a reader");
    tuple.checkpoint.channel_versions.list = 9;
    assertSame(await readValues(saver, thread, first.id), { list: [1], large: [big("x")] }, "read again");
    const child = await put(saver, {
      thread,
      parent: first.id,
      values: given.channel_values,
      versions: { list: 1, large: 1 },
      newVersions: {},
    });
    assertSame(await readValues(saver, thread, child), { list: [1], large: [big("x")] }, "carried over");
  });

  it("C-37 ids, versions and the rest of a checkpoint are stored as given", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const versions = {
      int: 1,
      big: 2 ** 53 - 1,
      fraction: 1.5,
      zero: 0,
      text: "00000000000000000000000000000002.0.123",
      words: "v 1",
    };
    const values = Object.fromEntries(Object.keys(versions).map((channel) => [channel, channel]));
    for (const id of [uuid6(0), "not a uuid", "ID with 'quotes' \\ and é", "x".repeat(250)]) {
      const checkpoint = {
        ...checkpointOf({ id, values, versions }),
        ts: "2020-02-29T23:59:59.999Z",
        versions_seen: { __input__: {}, node: { int: 1, text: "0002.0" }, "sub:a|b": { fraction: 0.5 } },
      };
      await saver.put(address(thread, { ns: "" }), checkpoint, metadataOf(), versions);
      assertSame((await read(saver, thread, id)).checkpoint, checkpoint, `checkpoint ${id}`);
    }
  });

  it("C-38 put returns the config of the new checkpoint, and only that", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    for (const ns of ["", "sub:1"]) {
      const checkpoint = checkpointOf({ values: { a: 1 } });
      const config = { configurable: { ...address(thread, { ns, id: "parent" }).configurable, user: "u" }, metadata: { a: 1 } };
      assert.deepEqual(await saver.put(config, checkpoint, metadataOf(), { a: 1 }), address(thread, { ns, id: checkpoint.id }));
    }
  });
});
