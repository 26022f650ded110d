import assert from "node:assert/strict";
import type { PendingWrite } from "@langchain/langgraph-checkpoint";
import { defineSuite } from "../case.js";
import { address, collect, idOf, put, putChain, read, readValues } from "../checkpoints.js";
import { assertSame } from "../same-value.js";

const patient = { timeout: 120_000 };

/** Text that does not compress to nothing, the same in every run. */
function noise(length: number, seed: number): string {
  let state = seed;
  const parts: string[] = [];
  for (let size = 0; size < length; size += 6) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    parts.push(state.toString(36).padStart(6, "0").slice(-6));
  }
  return parts.join("").slice(0, length);
}

export const largeState = defineSuite("large state", (it) => {
  it("C-60 a value of 10 MB is read as it was put, and grows", patient, async ({ saver, open, thread: newThread }) => {
    const thread = newThread();
    const large = noise(10_000_000, 1);
    const first = await put(saver, { thread, values: { large, small: 1 } });
    const values = { large: `${large}${noise(1_000, 2)}`, small: 1 };
    const second = await put(saver, {
      thread,
      parent: first,
      values,
      versions: { large: 2, small: 1 },
      newVersions: { large: 2 },
    });
    await saver.putWrites(address(thread, { ns: "", id: second }), [["large", large]], "task");
    const reader = await open();
    const tuple = await read(reader, thread);
    assert(tuple.checkpoint.channel_values.large === values.large, "10 MB and more");
    assert(tuple.pendingWrites?.[0]?.[2] === large, "10 MB as a pending write");
    assert((await readValues(reader, thread, first)).large === large, "10 MB");
  });

  it("C-60 10 MB of bytes are read as they were put", patient, async ({ saver, thread: newThread }) => {
    const thread = newThread();
    const bytes = new Uint8Array(Buffer.from(noise(10_000_000, 3), "latin1"));
    await put(saver, { thread, values: { text: Buffer.from(bytes).toString("base64") } });
    assert((await readValues(saver, thread)).text === Buffer.from(bytes).toString("base64"));
  });

  it("C-33 1,000 channels carry over", patient, async ({ saver, open, thread: newThread }) => {
    const thread = newThread();
    const names = Array.from({ length: 1_000 }, (_, n) => `channel ${n}`);
    const values: Record<string, unknown> = Object.fromEntries(
      names.map((name, n) => [name, n % 3 === 0 ? noise(1_500, n) : { n }]),
    );
    const versions: Record<string, number> = Object.fromEntries(names.map((name) => [name, 1]));
    let parent = await put(saver, { thread, values, versions });
    for (let step = 1; step <= 5; step += 1) {
      const name = `channel ${step * 7}`;
      values[name] = `step ${step}`;
      versions[name] = step + 1;
      const input = { thread, parent, step, values: { ...values }, versions: { ...versions }, newVersions: { [name]: step + 1 } };
      parent = await put(saver, input);
    }
    assertSame((await read(await open(), thread)).checkpoint.channel_values, values, "1,000 channels");
  });

  it("C-42 2,000 pending writes come back, in order", { ...patient, requires: ["arrivalOrder"] }, async ({
    saver,
    thread: newThread,
  }) => {
    const thread = newThread();
    const id = await put(saver, { thread });
    const batch = (from: number): PendingWrite[] => Array.from({ length: 500 }, (_, n) => ["c", { n: from + n }]);
    for (let task = 0; task < 4; task += 1)
      await saver.putWrites(address(thread, { ns: "", id }), batch(task * 500), `task ${task}`);
    const expected = Array.from({ length: 2_000 }, (_, n) => [`task ${Math.floor(n / 500)}`, "c", { n }]);
    assertSame((await read(saver, thread, id)).pendingWrites, expected, "pending writes");
  });

  it("C-25 a thread of 300 checkpoints is listed whole", patient, async ({ saver, open, thread: newThread }) => {
    const thread = newThread();
    const line = (n: number): string => noise(1_000, n);
    const messages = (step: number): string[] => Array.from({ length: step + 1 }, (_, n) => line(n));
    const ids = await putChain(saver, thread, 300, (step) => ({
      values: { messages: messages(step), step },
      versions: { messages: step + 1, step: step + 1 },
    }));
    const tuples = await collect((await open()).list(address(thread)));
    assert.deepEqual(tuples.map(idOf), [...ids].reverse());
    for (const [n, tuple] of tuples.entries()) {
      const step = 299 - n;
      assertSame(tuple.checkpoint.channel_values, { messages: messages(step), step }, `checkpoint ${step}`);
    }
  });

  it(
    "C-35 a long text that is edited anywhere is right at every checkpoint",
    patient,
    async ({ saver, open, thread: newThread }) => {
      const thread = newThread();
      let text = noise(200_000, 5);
      let parent: string | undefined;
      const all: [string, string][] = [];
      for (let step = 0; step < 40; step += 1) {
        const at = (step * 48_271) % text.length;
        const cut = [0, 1, 5_000, 90_000][step % 4] ?? 0;
        text = `${text.slice(0, at)}${noise([1, 0, 20_000, 60_000][(step >> 2) % 4] ?? 0, step)}${text.slice(at + cut)}`;
        if (step % 10 === 9) text = noise(150_000, 100 + step);
        parent = await put(saver, { thread, parent, step, values: { text }, versions: { text: step + 1 } });
        all.push([parent, text]);
      }
      const reader = await open();
      for (const [id, expected] of all) assert((await readValues(reader, thread, id)).text === expected, `checkpoint ${id}`);
    },
  );
});
