import assert from "node:assert/strict";
import { defineSuite } from "../case.js";
import { address, collect, idFromSlowClock, idOf, listIds, put, putChain, read } from "../checkpoints.js";
import { assertSame } from "../same-value.js";

const newestFirst = (ids: readonly string[]): string[] => [...ids].reverse();

export const list = defineSuite("list", (it) => {
  it("C-20 list yields everything, newest first", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const ids = await putChain(saver, thread, 120);
    assert.deepEqual(await listIds(saver, address(thread, { ns: "" })), newestFirst(ids));
    assert.deepEqual(await collect(saver.list(address(newThread("never")))), []);
  });

  it("C-20 limit cuts the list, and 0 yields nothing", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const expected = newestFirst(await putChain(saver, thread, 30));
    for (const limit of [0, 1, 2, 10, 11, 29, 30, 31, 1_000]) {
      assert.deepEqual(await listIds(saver, address(thread), { limit }), expected.slice(0, limit), `limit ${limit}`);
    }
  });

  it("C-20 the order is that of commits, whatever the clocks said", { requires: ["commitOrder"] }, async ({
    saver,
    thread: newThread,
  }) => {
    const thread = newThread();
    const ids: string[] = [];
    for (const [step, hours] of [0, 1, 0, 3, 2, 0].entries()) {
      ids.push(await put(saver, { thread, step, id: idFromSlowClock(hours, step), parent: ids.at(-1) }));
    }
    assert.deepEqual(await listIds(saver, address(thread)), newestFirst(ids));
    assert.deepEqual(await listIds(saver, address(thread), { limit: 2 }), newestFirst(ids).slice(0, 2));
  });

  it("C-20 several namespaces are one list, newest first", { requires: ["listTogether"] }, async ({
    saver,
    thread: newThread,
  }) => {
    const thread = newThread();
    const ids: string[] = [];
    for (const ns of ["", "a:1", "", "b:2", "a:1", ""]) ids.push(await put(saver, { thread, ns }));
    assert.deepEqual(await listIds(saver, address(thread)), newestFirst(ids));
    assert.deepEqual(await listIds(saver, address(thread), { limit: 3 }), newestFirst(ids).slice(0, 3));
  });

  it("C-21 the first item does not wait for the last", { hooks: ["roundTrips"] }, async ({
    saver,
    target,
    thread: newThread,
  }) => {
    const thread = newThread();
    await putChain(saver, thread, 300, (step) => ({ values: { text: `${step}`.padEnd(2_000, "x") } }));
    const asked = (): number => target.roundTrips?.(saver) ?? 0;
    const start = asked();
    const items = saver.list(address(thread));
    await items.next();
    const first = asked() - start;
    for await (const _ of items);
    assert(asked() - start > first, "all of 300 checkpoints were read for the first one");

    const again = asked();
    const stopped = saver.list(address(thread));
    await stopped.next();
    await stopped.return(undefined);
    assert(asked() - again <= first, "a list that was stopped goes on reading");
  });

  it("C-21 lists that are stopped early leave nothing behind that blocks the saver", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const ids = await putChain(saver, thread, 60);
    const stopAfterOne = async (): Promise<void> => {
      for await (const tuple of saver.list(address(thread))) {
        assert.equal(idOf(tuple), ids.at(-1));
        break;
      }
    };
    for (let i = 0; i < 5; i += 1) await Promise.all(Array.from({ length: 10 }, stopAfterOne));
    const left = Array.from({ length: 20 }, () => saver.list(address(thread)));
    await Promise.all(left.map((items) => items.next()));
    assert.equal(idOf(await saver.getTuple(address(thread))), ids.at(-1), "getTuple while 20 lists are open");
    await Promise.all(left.map((items) => items.return(undefined)));
  });

  it("C-21 a list goes on correctly while checkpoints are added and the thread is written", async ({
    saver,
    thread: newThread,
  }) => {
    const thread = newThread();
    const ids = await putChain(saver, thread, 250);
    const seen: unknown[] = [];
    for await (const tuple of saver.list(address(thread))) {
      seen.push(idOf(tuple));
      if (seen.length % 50 === 1) await put(saver, { thread, parent: ids.at(-1) });
    }
    const old = seen.filter((id) => ids.includes(id as string));
    assert.deepEqual(old, newestFirst(ids), "each checkpoint that was there is listed once, in order");
  });

  it("C-22 before lists what was committed before that checkpoint", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const ids = await putChain(saver, thread, 30);
    for (const at of [0, 1, 15, 29]) {
      for (const before of [address(thread, { ns: "", id: ids[at] }), { configurable: { checkpoint_id: ids[at] } }]) {
        assert.deepEqual(await listIds(saver, address(thread), { before }), newestFirst(ids.slice(0, at)), `before number ${at}`);
        const one = await listIds(saver, address(thread, { ns: "" }), { before, limit: 1 });
        assert.deepEqual(one, at === 0 ? [] : [ids[at - 1]]);
      }
    }
    assert.deepEqual(await listIds(saver, address(thread), { before: { configurable: {} } }), newestFirst(ids));
  });

  it("C-22 before may name a checkpoint of another namespace", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const sub = [await put(saver, { thread, ns: "sub" }), await put(saver, { thread, ns: "sub" })];
    const root = await put(saver, { thread });
    await put(saver, { thread, ns: "sub" });
    const before = { configurable: { checkpoint_id: root } };
    assert.deepEqual(await listIds(saver, address(thread, { ns: "sub" }), { before }), newestFirst(sub));
    assert.deepEqual(await listIds(saver, address(thread, { ns: "sub" }), { before, limit: 1 }), [sub[1]]);
    assert.deepEqual(await listIds(saver, address(thread, { ns: "" }), { before }), []);
  });

  it("C-22 before goes by commits, whatever the clocks said", { requires: ["commitOrder"] }, async ({
    saver,
    thread: newThread,
  }) => {
    const thread = newThread();
    const early = await put(saver, { thread });
    const slow = await put(saver, { thread, id: idFromSlowClock(1), parent: early });
    const late = await put(saver, { thread, parent: slow });
    const before = (id: string): Promise<unknown[]> => listIds(saver, address(thread), { before: address(thread, { id }) });
    assert.deepEqual(await before(late), [slow, early]);
    assert.deepEqual(await before(slow), [early]);
    assert.deepEqual(await before(early), []);
  });

  it("C-22 before a checkpoint that the store does not know, ids are compared", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    for (const id of ["1ef00000-a", "1ef00000-b", "1ef00000-d"]) await put(saver, { thread, id });
    const before = address(thread, { id: "1ef00000-c" });
    assert.deepEqual(await listIds(saver, address(thread), { before }), ["1ef00000-b", "1ef00000-a"]);
  });

  it("C-23 filter keeps what has every given key with that value", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const metadata = [
      { source: "input", run: "a" },
      { source: "loop", run: "a", score: 1 },
      { source: "loop", run: "b", score: "1" },
      { source: "update", run: null, flag: true },
      { source: "loop", run: "a", flag: false },
    ];
    const ids: string[] = [];
    for (const [step, each] of metadata.entries()) ids.push(await put(saver, { thread, step, metadata: each }));
    const found = async (filter: Record<string, unknown>, limit?: number): Promise<number[]> => {
      const listed = await listIds(saver, address(thread), { filter, ...(limit === undefined ? {} : { limit }) });
      return listed.map((id) => ids.indexOf(id as string));
    };
    assert.deepEqual(await found({}), [4, 3, 2, 1, 0]);
    assert.deepEqual(await found({ source: "loop" }), [4, 2, 1]);
    assert.deepEqual(await found({ source: "loop" }, 2), [4, 2], "limit counts what the filter keeps");
    assert.deepEqual(await found({ source: "loop", run: "a" }), [4, 1]);
    assert.deepEqual(await found({ step: 2 }), [2]);
    assert.deepEqual(await found({ score: 1 }), [1]);
    assert.deepEqual(await found({ score: "1" }), [2]);
    assert.deepEqual(await found({ flag: true }), [3]);
    assert.deepEqual(await found({ flag: false }), [4]);
    assert.deepEqual(await found({ run: null }), [3]);
    assert.deepEqual(await found({ run: "c" }), []);
    assert.deepEqual(await found({ missing: "x" }), []);
  });

  it("C-23 objects and arrays are compared by value, and whole", { requires: ["filterByValue"] }, async ({
    saver,
    thread: newThread,
  }) => {
    const thread = newThread();
    const wanted = { label: { tenant: "t", tags: ["x", "y"] }, list: [1, 2] };
    const id = await put(saver, { thread, metadata: wanted });
    await put(saver, { thread, metadata: { label: { tenant: "t", tags: ["x"] }, list: [1, 2, 3] } });
    for (const filter of [wanted, { label: { tags: ["x", "y"], tenant: "t" } }, { list: [1, 2] }]) {
      assert.deepEqual(await listIds(saver, address(thread), { filter }), [id], JSON.stringify(filter));
    }
    for (const filter of [{ label: { tenant: "t" } }, { list: [1] }, { list: [2, 1] }, { list: [] }, { label: {} }]) {
      assert.deepEqual(await listIds(saver, address(thread), { filter }), [], JSON.stringify(filter));
    }
  });

  it("C-23 keys and values of a filter are data, never code", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const hostile = [
      "' OR '1'='1",
      "a'b",
      'a"b',
      "a\\b",
      "$.source",
      "a.b",
      "a->>'b'",
      "%",
      "_",
      "*",
      "é",
      "a{b}",
      "@tag",
      "x|y",
      "__type",
    ];
    await put(saver, { thread, metadata: { victim: "here" } });
    for (const text of hostile) {
      const id = await put(saver, { thread, metadata: { [text]: text, value: text } });
      assert.deepEqual(await listIds(saver, address(thread), { filter: { [text]: text } }), [id], `key ${text}`);
      assert.deepEqual(await listIds(saver, address(thread), { filter: { value: text } }), [id], `value ${text}`);
      assert.deepEqual(await listIds(saver, address(thread), { filter: { [text]: "other" } }), []);
    }
    assert.equal((await collect(saver.list(address(thread)))).length, hostile.length + 1);
  });

  it("C-24 thread, namespace and checkpoint id each narrow the list", async ({ saver, thread: newThread }) => {
    const [thread, other] = [newThread(), newThread("other")];
    const root = await put(saver, { thread, id: "1" });
    const again = await put(saver, { thread, id: "2" });
    const sub = await put(saver, { thread, id: "1", ns: "sub" });
    await put(saver, { thread: other, id: "1" });
    const listed = async (config: ReturnType<typeof address>): Promise<string[]> =>
      (await collect(saver.list(config))).map((tuple) => `${tuple.config.configurable?.checkpoint_ns}/${idOf(tuple)}`).sort();
    assert.deepEqual(await listed(address(thread)), [`/${root}`, `/${again}`, `sub/${sub}`]);
    assert.deepEqual(await listed(address(thread, { ns: "" })), [`/${root}`, `/${again}`]);
    assert.deepEqual(await listed(address(thread, { ns: "sub" })), [`sub/${sub}`]);
    assert.deepEqual(await listed(address(thread, { id: "1" })), [`/${root}`, `sub/${sub}`]);
    assert.deepEqual(await listed(address(thread, { ns: "", id: "2" })), [`/${again}`]);
    assert.deepEqual(await listed(address(thread, { ns: "none" })), []);
    const absent = { configurable: { thread_id: thread, checkpoint_ns: undefined, checkpoint_id: undefined } };
    assert.deepEqual(await listed(absent), [`/${root}`, `/${again}`, `sub/${sub}`]);
  });

  it("C-25 listed tuples are what getTuple returns", async ({ saver, thread: newThread }) => {
    const thread = newThread();
    let parent: string | undefined;
    for (const [step, ns] of ["", "", "sub:1", ""].entries()) {
      const values = { messages: ["m".repeat(3_000), `${step}`], step, only: { [step]: true } };
      const id = await put(saver, { thread, ns, step, parent, values, metadata: { label: { step } } });
      await saver.putWrites(
        address(thread, { ns, id }),
        [
          ["messages", step],
          ["__interrupt__", [{ value: step }]],
        ],
        `task-${step}`,
      );
      await saver.putWrites(address(thread, { ns, id }), [["messages", "second"]], "another-task");
      parent = ns === "" ? id : parent;
    }
    const tuples = await collect(saver.list(address(thread)));
    assert.equal(tuples.length, 4);
    for (const tuple of tuples) {
      const { checkpoint_id: id, checkpoint_ns: ns } = tuple.config.configurable ?? {};
      assertSame(tuple, await read(saver, thread, id, ns), `the listed tuple ${ns}/${id}`);
    }
  });
});
