import { randomUUID } from "node:crypto";
import type { RedisSaver } from "@holdfast/checkpoint-redis";
import { Annotation, DeltaChannel, START, StateGraph } from "@langchain/langgraph";
import { Redis } from "ioredis";
import { afterEach, expect, inject, it } from "vitest";
import { put, read } from "./checkpoints.js";
import { closeCounted, openCounted, openOn } from "./counted-savers.js";
import { keysUnder, threadKey } from "./keyspace.js";
import { storeUrl } from "./store-url.js";

const server = inject("holdfastRedisUrl");
const savers: RedisSaver[] = [];
afterEach(async () => {
  await Promise.all(savers.splice(0).map(closeCounted));
});

function open(keyPrefix: string): RedisSaver {
  const saver = openCounted(storeUrl(server, keyPrefix));
  savers.push(saver);
  return saver;
}

const State = Annotation.Root({
  input: Annotation<string>,
  log: () =>
    new DeltaChannel<string[], string | string[]>((all: string[], more: readonly (string | string[])[]) => all.concat(...more)),
});

it("C-88 a thread has five keys, after 2 turns and after 200", async () => {
  const keyPrefix = randomUUID();
  const graph = new StateGraph(State)
    .addNode("note", ({ input }) => ({ log: [`noted ${input}`] }))
    .addEdge(START, "note")
    .compile({ checkpointer: open(keyPrefix) });
  const config = { configurable: { thread_id: "long" } };
  const five = ["checkpoints", "order", "segments", "thread", "writes"].map((part) => threadKey(keyPrefix, "long", part));
  for (let turn = 1; turn <= 200; turn += 1) {
    await graph.invoke({ input: `turn ${turn} ${"of many words ".repeat(30)}` }, config);
    if (turn !== 2 && turn !== 200) continue;
    const keys = await keysUnder([server], keyPrefix);
    expect(
      keys.filter((key) => !key.includes(":index:")),
      `after ${turn} turns`,
    ).toEqual(five);
  }
  expect((await graph.getState(config)).values.log).toHaveLength(200);
});

it("C-88 the index has at most four keys in each of its 16 shards, however many threads there are", async () => {
  const keyPrefix = randomUUID();
  const saver = open(keyPrefix);
  await Promise.all(Array.from({ length: 300 }, (_, n) => put(saver, `thread ${n}`)));
  const keys = (await keysUnder([server], keyPrefix)).filter((key) => key.includes(":index:"));
  expect(keys.length).toBeLessThanOrEqual(64);
  for (const key of keys)
    expect(key.slice(keyPrefix.length)).toMatch(/^:index:\{([0-9]|1[0-5])\}:(created|expiry|updated|leases)$/);
});

it("C-85 savers with different prefixes, and a prefix of the client's own, do not see each other's threads", async () => {
  const keyPrefix = randomUUID();
  const saver = open(keyPrefix);
  // The second begins as the first does, and goes on as a key of it would.
  const beside = open(`${keyPrefix}:index`);
  const prefixed = openOn(new Redis(server, { keyPrefix: `${keyPrefix}-client-` }), { keyPrefix });
  savers.push(prefixed);
  const all = { saver, beside, prefixed };
  for (const [name, by] of Object.entries(all)) await put(by, "thread", { value: name });
  for (const [name, by] of Object.entries(all)) {
    expect(await read(by, "thread")).toBe(name);
    const listed: unknown[] = [];
    for await (const { checkpoint } of by.list({})) listed.push(checkpoint.channel_values.a);
    expect(listed).toEqual([name]);
  }
  await saver.deleteThread("thread");
  expect(await read(saver, "thread")).toBeUndefined();
  expect(await read(beside, "thread")).toBe("beside");
  expect(await read(prefixed, "thread")).toBe("prefixed");
});
