import { exclusive, isHoldfastError } from "@holdfast/checkpoint-core";
import { Annotation, entrypoint, MemorySaver, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import type { LeasingSaver } from "../lease-target.js";
import type { OpenOptions } from "../target.js";
import type { FailedRun, FailingRun } from "./failing-run-messages.js";
import { givenStoreUrl } from "./store-url.js";

const MAX_VALUE_BYTES = 10_000;
/** Too much for one value when two nodes have written it. */
const LARGE = "x".repeat(6_000);

const State = Annotation.Root({
  value: Annotation<unknown>,
  text: Annotation<string>({ reducer: (all, more) => all + more, default: () => "" }),
});

type Open = (url: string, options: OpenOptions) => LeasingSaver;

/** Makes runs that fail. One that leaves a rejection unhandled ends this process, as it ends a server. */
export function runFailingRuns(open: Open): void {
  const savers = {
    ours: open(givenStoreUrl(), { maxValueBytes: MAX_VALUE_BYTES, onConflict: "reject" }),
    other: open(givenStoreUrl(), { onConflict: "reject" }),
  };
  process.on("message", (order: FailingRun) => {
    failedRun(order, savers).then(
      (failed) => process.send?.(failed),
      (error: unknown) => process.send?.({ error: `the test itself: ${String(error)}`, nodes: -1 }),
    );
  });
  process.send?.("ready");
}

interface Savers {
  readonly ours: LeasingSaver;
  readonly other: LeasingSaver;
}

async function failedRun(order: FailingRun, savers: Savers): Promise<FailedRun> {
  const { saver, failed, leaveAlone } = await disturb(order, savers);
  let nodes = 0;
  const node = async (): Promise<string> => {
    nodes += 1;
    // Until the put has failed: nobody looks at its promise then. With `exit`, puts come after all nodes.
    if (order.durability !== "exit" && nodes === (order.failsAt === "later put" ? 3 : 1)) await failed;
    await turnOfTheEventLoop();
    return order.failsAt === "later put" ? LARGE : "";
  };
  const config = { configurable: "thread" in order ? { thread_id: order.thread } : {}, durability: order.durability };
  const error = await called(order, appOf(order, saver, node), { value: givenValue(order) }, config).then(
    () => "it did not fail",
    (thrown: unknown) => (isHoldfastError(thrown) ? thrown.code : String(thrown)),
  );
  await turnOfTheEventLoop();
  leaveAlone();
  return { error, nodes };
}

function givenValue({ fault, failsAt }: FailingRun): unknown {
  if (fault === "a value that cannot be stored") return () => "a function";
  return fault === "a value that is too large" && failsAt !== "later put" ? LARGE + LARGE : "value";
}

/** Long enough for Node to find a rejection that nobody handles. */
async function turnOfTheEventLoop(): Promise<void> {
  for (let n = 0; n < 3; n += 1) await new Promise((resolve) => setImmediate(resolve));
}

interface Disturbed {
  readonly saver: BaseCheckpointSaver;
  /** When the put that fails has failed. */
  readonly failed: Promise<void>;
  leaveAlone(): void;
}

/** Sees to it that the fault happens, of the store when the next run has read its thread. */
async function disturb(
  { fault, failsAt = "first put", inMemory, thread }: FailingRun,
  { ours, other }: Savers,
): Promise<Disturbed> {
  const saver: BaseCheckpointSaver = inMemory ? new MemorySaver() : ours;
  const [getTuple, put] = [saver.getTuple.bind(saver), saver.put.bind(saver)];
  const [id, at] = [String(thread), { configurable: { thread_id: String(thread) } }];
  const isOfTheStore = fault !== undefined && !fault.startsWith("a value");
  if (isOfTheStore && !inMemory) await chat(other).invoke({ value: "old" }, at);
  const happens = async (): Promise<void> => {
    if (fault === "a thread that was deleted") await other.deleteThread(id);
    if (fault === "a thread that another run has") await other.acquireThread(id);
    if (fault === "a head that has moved") await chat(other).invoke({ value: "moved" }, at);
  };
  // The input, what `__start__` makes of it, what the first node has done, and the second.
  const failing = failsAt === "first put" ? 1 : 4;
  let [reads, puts] = [0, 0];
  let hasFailed = (): void => {};
  const failed = new Promise<void>((resolve) => {
    hasFailed = resolve;
  });
  Object.assign(saver, {
    getTuple: async (...args: Parameters<typeof getTuple>) => {
      const tuple = await getTuple(...args);
      reads += 1;
      if (reads === 1) await happens();
      return tuple;
    },
    put: async (...args: Parameters<typeof put>) => {
      puts += 1;
      if (puts !== failing) return put(...args);
      try {
        if (inMemory) throw new Error("The store refuses it.");
        return await put(...args);
      } finally {
        hasFailed();
      }
    },
  });
  return {
    saver,
    failed,
    leaveAlone: () => {
      for (const method of ["getTuple", "put"]) Reflect.deleteProperty(saver, method);
    },
  };
}

/** What a node does; the text that it adds. */
type NodeWork = () => Promise<string>;

function chat(checkpointer: BaseCheckpointSaver, ...nodes: readonly NodeWork[]) {
  const steps = (nodes.length === 0 ? [async () => ""] : nodes).map((node, n) => [
    `node ${n}`,
    async () => ({ text: await node() }),
  ]) as [string, () => Promise<{ text: string }>][];
  return new StateGraph(State).addSequence(steps).addEdge(START, "node 0").compile({ checkpointer });
}

function appOf({ shape, failsAt }: FailingRun, saver: BaseCheckpointSaver, node: NodeWork) {
  const later = failsAt === "later put" ? [node, node] : [];
  switch (shape) {
    case "graph":
      return chat(saver, node, ...later);
    case "exclusive graph":
      return exclusive(chat(saver, node, ...later));
    case "subgraph":
      return new StateGraph(State).addNode("outer", chat(saver, node)).addEdge(START, "outer").compile();
    case "graph with a subgraph":
      return new StateGraph(State)
        .addNode("outer", chat(true as never, node))
        .addEdge(START, "outer")
        .compile({ checkpointer: saver });
    case "function":
    case "exclusive function": {
      const made = entrypoint({ name: "function", checkpointer: saver }, async (input: unknown) => {
        await node();
        return input;
      });
      return (shape === "function" ? made : exclusive(made)) as unknown as ReturnType<typeof chat>;
    }
  }
}

type App = Pick<ReturnType<typeof chat>, "invoke" | "stream" | "streamEvents" | "batch" | "updateState">;

async function called({ call, shape }: FailingRun, app: App, input: { value: unknown }, config: object): Promise<unknown> {
  switch (call) {
    case "invoke":
      return app.invoke(input, config);
    case "stream":
      return readAll(await app.stream(input, config));
    case "streamEvents v2":
      return readAll(app.streamEvents(input, { ...config, version: "v2" }));
    case "streamEvents v3":
      return (await app.streamEvents(input, { ...config, version: "v3" })).output;
    case "batch":
      return app.batch([input, input], config);
    case "updateState":
      return app.updateState(config, input, shape === "graph with a subgraph" ? "outer" : "node 0");
  }
}

async function readAll(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}
