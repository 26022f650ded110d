import { randomUUID } from "node:crypto";
import { AIMessage, AIMessageChunk } from "@langchain/core/messages";
import {
  Annotation,
  Command,
  DeltaChannel,
  interrupt,
  MessagesAnnotation,
  Overwrite,
  RunControl,
  START,
  StateGraph,
} from "@langchain/langgraph";
import {
  type BaseCheckpointSaver,
  EXCLUDED_METADATA_KEYS,
  MemorySaver,
  type PendingWrite,
} from "@langchain/langgraph-checkpoint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { at, checkpointOf } from "./plain-checkpoints.js";
import type { AdapterTarget, TestedSaver, TestStore } from "./target.js";

type Durability = "sync" | "async" | "exit";
type Config = { configurable: { thread_id: string }; durability: Durability; control?: RunControl };

/** A graph's runs, and what is seen of them. */
type Play = (nextSaver: () => BaseCheckpointSaver, config: Config) => Promise<unknown[]>;

const concat = (all: string[], more: string[] | string): string[] => all.concat(more);
const State = Annotation.Root({
  log: Annotation<string[], string[] | string>({ reducer: concat, default: () => [] }),
  deltas: () =>
    new DeltaChannel<string[], string | string[]>((all, more) => all.concat(...(more as string[])), { snapshotFrequency: 3 }),
});

/** The end of a call: its result, or the error's name and text. */
async function outcome(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    return error instanceof Error ? [error.name, error.message] : error;
  }
}

/** Each run, and each look at the state, with a saver of its own, and a wait for nothing but the runs. */
const plays: Record<string, Play> = {
  "a drained run goes on": async (nextSaver, config) => {
    const graph = (control?: RunControl) =>
      new StateGraph(State)
        .addNode("a", () => {
          control?.requestDrain("deploy");
          return { log: "a", deltas: "a" };
        })
        .addNode("b", () => ({ log: "b", deltas: "b" }))
        .addEdge(START, "a")
        .addEdge("a", "b")
        .compile({ checkpointer: nextSaver() });
    const control = new RunControl();
    const drained = await outcome(graph(control).invoke({ log: "in" }, { ...config, control }));
    const { next } = await graph().getState(config);
    return [drained, next, await graph().invoke(null, config)];
  },

  "a question with the schema of its answer": async (nextSaver, config) => {
    const responseSchema = { type: "object", properties: { n: { type: "number" } } };
    const graph = () =>
      new StateGraph(State)
        .addNode("ask", () => ({ log: `${JSON.stringify(interrupt("n?", { responseSchema } as never))}` }))
        .addEdge(START, "ask")
        .compile({ checkpointer: nextSaver() });
    await graph().invoke({ log: "in" }, config);
    const [task] = (await graph().getState(config)).tasks;
    const asked = task?.interrupts.map(({ id: _, ...rest }) => rest);
    return [asked, await graph().invoke(new Command({ resume: { n: 1 } }), config)];
  },

  "a node out of time, and again": async (nextSaver, config) => {
    const graph = (late: boolean) =>
      new StateGraph(State)
        .addNode("a", () => (late ? new Promise<never>(() => undefined) : { log: "a" }), { timeout: late ? 50 : 60_000 })
        .addNode("b", () => ({ log: "b" }))
        .addEdge(START, "a")
        .addEdge(START, "b")
        .compile({ checkpointer: nextSaver() });
    const [name] = (await outcome(graph(true).invoke({ log: "in" }, config))) as string[];
    const { tasks } = await graph(true).getState(config);
    const errors = tasks.map((task) => [task.name, (task.error as { name?: string } | undefined)?.name]);
    return [name, errors, await graph(false).invoke(null, config)];
  },

  "an error that a handler takes": async (nextSaver, config) => {
    const graph = () =>
      new StateGraph(State)
        .addNode(
          "bad",
          () => {
            throw new RangeError("no");
          },
          { errorHandler: () => ({ log: "handled", deltas: "handled" }), retryPolicy: { maxAttempts: 1 } },
        )
        .addNode("next", () => ({ log: "next", deltas: "next" }))
        .addEdge(START, "bad")
        .addEdge("bad", "next")
        .compile({ checkpointer: nextSaver() });
    return [await outcome(graph().invoke({ log: "in" }, config)), (await graph().getState(config)).values];
  },

  "overwrites, and a question after them": async (nextSaver, config) => {
    const graph = () =>
      new StateGraph(State)
        .addNode("fill", () => ({ log: ["a", "b"], deltas: ["a", "b"] }))
        .addNode("replace", () => ({ log: new Overwrite(["x"]), deltas: new Overwrite(["x"]) }) as never)
        .addNode("ask", () => ({ log: `told ${interrupt("?")}`, deltas: "asked" }))
        .addEdge(START, "fill")
        .addEdge("fill", "replace")
        .addEdge("replace", "ask")
        .compile({ checkpointer: nextSaver() });
    const first = await outcome(graph().invoke({ log: "in" }, config));
    const { values, next } = await graph().getState(config);
    const last = await graph().invoke(new Command({ resume: "this" }), config);
    return [Object.keys(first as object), values, next, last, await graph().invoke({ log: "again" }, config)].map(withoutIds);
  },

  "messages of content blocks, and of chunks": async (nextSaver, config) => {
    const chunk = (args: string) => ({ type: "tool_call_chunk" as const, index: 0, name: "f", id: "c", args });
    const graph = () =>
      new StateGraph(MessagesAnnotation)
        .addNode("answer", () => ({
          messages: [
            new AIMessage({ id: "1", contentBlocks: [{ type: "text", text: "hi" }] }),
            new AIMessageChunk({ id: "2", content: "", tool_call_chunks: [chunk('{"a":')] }).concat(
              new AIMessageChunk({ content: "", tool_call_chunks: [{ type: "tool_call_chunk", index: 0, args: "1}" }] }),
            ),
          ],
        }))
        .addEdge(START, "answer")
        .compile({ checkpointer: nextSaver() });
    await graph().invoke({ messages: [] }, config);
    const { messages } = (await graph().getState(config)).values as typeof MessagesAnnotation.State;
    return messages.map((message) => [message.toDict(), message.contentBlocks, (message as AIMessage).tool_calls]);
  },
};

/** Questions' ids are hashes of checkpoints' ids. */
function withoutIds(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, item) => (key === "id" ? undefined : item)));
}

/** Ids of tasks that LangGraph makes, not all of them UUIDs. */
const TASK_IDS = [
  "00000000-0000-0000-0000-000000000000",
  "00000000-0000-0000-0000-000000000001",
  "00000004-0000-0000-0000-000000000000",
  "000000-1-0000-0000-0000-000000000000",
  "ffffffff-0000-0001-9475-52c660a02a6a",
  "ffffffff-0001-0002-8abb-8c5ba600fd36",
  "75ce759b70ea16dee497bef405f69a88",
];

/** Registers the tests of what LangGraph 1.5 to 1.7 changed for savers. They hold on the oldest supported line, too. */
export function langgraphChangeTests(target: AdapterTarget): void {
  let store: TestStore;
  let saver: TestedSaver;

  beforeAll(async () => {
    store = await target.openStore();
    saver = target.open(store.url);
  });
  afterAll(async () => {
    if (saver !== undefined) await target.close(saver);
    await store?.drop();
  });

  describe.each<Durability>(["sync", "async", "exit"])("durability %s", (durability) => {
    it.each(Object.entries(plays))("C-33 C-40 C-44 %s: as in memory", async (_, play) => {
      const config = (): Config => ({ configurable: { thread_id: randomUUID() }, durability });
      const memory = new MemorySaver();
      const expected = await play(() => memory, config());
      const opened: TestedSaver[] = [];
      const nextSaver = (): TestedSaver => {
        const next = target.open(store.url);
        opened.push(next);
        return next;
      };
      try {
        expect(await play(nextSaver, config())).toEqual(expected);
      } finally {
        await Promise.all(opened.map((each) => target.close(each)));
      }
    });
  });

  it("C-64 metadata keys that LangGraph leaves out of its streams, or adds, are stored as in memory", async () => {
    const excluded = Object.fromEntries([...EXCLUDED_METADATA_KEYS].map((key) => [key, key]));
    const metadata = {
      ...excluded,
      source: "loop" as const,
      step: 1,
      parents: {},
      counters_since_delta_snapshot: { d: [1, 2] as [number, number] },
      delta_writes_versioned: true,
    };
    const checkpoint = checkpointOf({ a: 1 });
    const [thread, memory] = [randomUUID(), new MemorySaver()];
    for (const each of [saver, memory]) await each.put(at(thread), checkpoint, metadata, checkpoint.channel_versions);
    expect((await saver.getTuple(at(thread)))?.metadata).toEqual(metadata);
    expect((await memory.getTuple(at(thread)))?.metadata).toEqual(metadata);
  });

  it("C-37 versions_seen keeps __snapshot_bumps__, and any name of a node", async () => {
    const seen = { __snapshot_bumps__: { "a|d": 3, "a:d": 2 }, "a|b:c": { d: 3 }, __interrupt__: { d: 2 } };
    const checkpoint = { ...checkpointOf({ a: 1 }), versions_seen: seen };
    const thread = randomUUID();
    await saver.put(at(thread), checkpoint, { source: "loop", step: 0, parents: {} }, checkpoint.channel_versions);
    expect((await saver.getTuple(at(thread)))?.checkpoint.versions_seen).toEqual(seen);
  });

  it("C-40 C-44 writes under each id that LangGraph makes come back, and may arrive before their checkpoint", async () => {
    const [thread, first] = [randomUUID(), checkpointOf({})];
    const writes = (task: string): PendingWrite[] => [["d", task]];
    for (const task of TASK_IDS) await saver.putWrites(at(thread, first.id), writes(task), task);
    const metadata = { source: "loop" as const, step: -2, parents: {} };
    await saver.put(at(thread), first, metadata, {});
    const second = { ...checkpointOf({}), channel_versions: { d: 1 } };
    await saver.put(at(thread, first.id), second, { ...metadata, step: 0 }, { d: 1 });

    const expected = TASK_IDS.map((task) => [task, "d", task]);
    const { pendingWrites } = (await saver.getTuple(at(thread, first.id))) ?? {};
    expect(pendingWrites).toHaveLength(expected.length);
    expect(pendingWrites).toEqual(expect.arrayContaining(expected));
    const { d } = await saver.getDeltaChannelHistory({ config: at(thread, second.id), channels: ["d"] });
    expect(d?.writes.map(([task]) => task)).toEqual(TASK_IDS.toSorted());
  });

  it("C-41 a wrong answer's error stands beside its question", async () => {
    const [thread, checkpoint, task] = [randomUUID(), checkpointOf({}), randomUUID()];
    await saver.put(at(thread), checkpoint, { source: "loop", step: 0, parents: {} }, {});
    const config = at(thread, checkpoint.id);
    const error = { message: "not a number", name: "$ZodError" };
    await saver.putWrites(config, [["__interrupt__", [{ id: "q", value: "n?", response_schema: { type: "number" } }]]], task);
    await saver.putWrites(config, [["__error__", error]], task);
    const expected = [
      [task, "__interrupt__", [{ id: "q", value: "n?", response_schema: { type: "number" } }]],
      [task, "__error__", error],
    ];
    expect((await saver.getTuple(config))?.pendingWrites).toEqual(expect.arrayContaining(expected));
  });

  it("C-44 a channel that was a delta channel is rebuilt when it is none any more", async () => {
    const config = { configurable: { thread_id: randomUUID() } };
    const now = Annotation.Root({ kept: Annotation<string[], string[] | string>({ reducer: concat, default: () => [] }) });
    const before = Annotation.Root({
      kept: () => new DeltaChannel<string[], string | string[]>((all, more) => all.concat(...(more as string[]))),
    });
    const graph = (state: typeof now | typeof before, checkpointer: BaseCheckpointSaver) =>
      new StateGraph(state as typeof now)
        .addNode("a", () => ({ kept: "a" }))
        .addEdge(START, "a")
        .compile({ checkpointer });
    const played: unknown[] = [];
    for (const each of [saver, new MemorySaver()]) {
      await graph(before, each).invoke({ kept: ["in"] }, config);
      played.push((await graph(now, each).invoke({ kept: ["again"] }, config)).kept);
    }
    expect(played[0]).toEqual(played[1]);
  });
}
