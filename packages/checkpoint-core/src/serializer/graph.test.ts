import { AIMessage, type BaseMessage, HumanMessage } from "@langchain/core/messages";
import {
  Annotation,
  Command,
  END,
  GraphDrained,
  GraphInterrupt,
  interrupt,
  MessagesAnnotation,
  NodeInterrupt,
  Overwrite,
  Send,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { MemorySaver, type SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { describe, expect, it } from "vitest";
import { HoldfastSerializer } from "./index.js";

const serializer = new HoldfastSerializer();

/** `MemorySaver` forgets the tag and asks for "json", so the tag travels with the bytes. */
const tagged: SerializerProtocol = {
  async dumpsTyped(value: unknown) {
    const [type, bytes] = await serializer.dumpsTyped(value);
    return ["json", Buffer.concat([Buffer.from(`${type} `), bytes])];
  },
  async loadsTyped(_type: string, data: Uint8Array | string) {
    const bytes = Buffer.from(data);
    const end = bytes.indexOf(" ");
    return serializer.loadsTyped(bytes.toString("utf8", 0, end), bytes.subarray(end + 1));
  },
};

const config = { configurable: { thread_id: "1" } };

describe("C-60 in graphs", () => {
  it("C-60 messages, with ids and values of every kind, over several turns", async () => {
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("answer", ({ messages }) => ({
        messages: [new AIMessage({ content: `${messages.length}`, additional_kwargs: { at: new Date(messages.length), n: 1n } })],
      }))
      .addEdge(START, "answer")
      .addEdge("answer", END)
      .compile({ checkpointer: new MemorySaver(tagged) });
    const seen: BaseMessage[][] = [];
    for (const text of ["a", "b", "c"]) seen.push((await graph.invoke({ messages: [new HumanMessage(text)] }, config)).messages);
    const last = seen.at(-1) ?? [];
    expect(last.map((message) => [message.getType(), message.content])).toEqual([
      ["human", "a"],
      ["ai", "1"],
      ["human", "b"],
      ["ai", "3"],
      ["human", "c"],
      ["ai", "5"],
    ]);
    expect(last[3]?.additional_kwargs).toEqual({ at: new Date(3), n: 1n });
    // The ids that the reducer gave them stay, so nothing is added twice.
    expect(seen[0]?.map((message) => message.id)).toEqual(last.slice(0, 2).map((message) => message.id));
    expect(last.every((message) => HumanMessage.isInstance(message) || AIMessage.isInstance(message))).toBe(true);
  });

  it("C-60 interrupts and what they are resumed with", async () => {
    const State = Annotation.Root({ answers: Annotation<unknown[]>({ reducer: (a, b) => a.concat(b), default: () => [] }) });
    const build = (checkpointer: MemorySaver) =>
      new StateGraph(State)
        .addNode("ask", () => {
          const first: unknown = interrupt({ question: "when?", since: new Date(7) });
          const second: unknown = interrupt(["why?", new Set([5])]);
          return { answers: [first, second] };
        })
        .addEdge(START, "ask")
        .addEdge("ask", END)
        .compile({ checkpointer });
    const saver = new MemorySaver(tagged);
    await build(saver).invoke({ answers: [] }, config);
    expect((await build(saver).getState(config)).tasks[0]?.interrupts[0]?.value).toEqual({
      question: "when?",
      since: new Date(7),
    });
    await build(saver).invoke(new Command({ resume: new Date(1) }), config);
    expect((await build(saver).getState(config)).tasks[0]?.interrupts.at(-1)?.value).toEqual(["why?", new Set([5])]);
    const result = await build(saver).invoke(new Command({ resume: { because: new Map([[1, 2]]) } }), config);
    expect(result.answers).toEqual([new Date(1), { because: new Map([[1, 2]]) }]);
    expect((await build(saver).getState(config)).next).toEqual([]);
  });

  it("C-60 sends, across an interruption", async () => {
    const State = Annotation.Root({ results: Annotation<unknown[]>({ reducer: (a, b) => a.concat(b), default: () => [] }) });
    const build = (checkpointer: MemorySaver) =>
      new StateGraph(State)
        .addNode("split", () => ({ results: [] }))
        .addNode("work", (input: { item: unknown }) => ({ results: [input.item] }))
        .addEdge(START, "split")
        .addConditionalEdges("split", () => [
          new Send("work", { item: new Date(1) }),
          new Send("work", { item: new Set([2n]) }),
          new Send("work", { item: [new HumanMessage({ content: "hi", id: "h" })] }),
        ])
        .addEdge("work", END)
        .compile({ checkpointer, interruptBefore: ["work"] });
    const saver = new MemorySaver(tagged);
    await build(saver).invoke({ results: [] }, config);
    expect((await build(saver).getState(config)).next).toEqual(["work", "work", "work"]);
    const { results } = await build(saver).invoke(null, config);
    expect(results.slice(0, 2)).toEqual([new Date(1), new Set([2n])]);
    expect((results[2] as unknown[])[0]).toBeInstanceOf(HumanMessage);
  });

  it("C-60 a failed task beside one that succeeded", async () => {
    const State = Annotation.Root({ log: Annotation<string[]>({ reducer: (a, b) => a.concat(b), default: () => [] }) });
    let broken = true;
    let runs = 0;
    const build = (checkpointer: MemorySaver) =>
      new StateGraph(State)
        .addNode("good", () => {
          runs++;
          return { log: ["good"] };
        })
        .addNode("bad", () => {
          if (broken) throw Object.assign(new RangeError("no luck"), { code: "E_LUCK" });
          return { log: ["mended"] };
        })
        .addEdge(START, "good")
        .addEdge(START, "bad")
        .compile({ checkpointer });
    const saver = new MemorySaver(tagged);
    await expect(build(saver).invoke({ log: [] }, config)).rejects.toThrow("no luck");
    const { tasks } = await build(saver).getState(config);
    expect(tasks.find((task) => task.name === "bad")?.error).toMatchObject({ name: "RangeError", message: "no luck" });
    broken = false;
    expect((await build(saver).invoke(null, config)).log.sort()).toEqual(["good", "mended"]);
    expect(runs).toBe(1);
  });

  it("C-60 commands, and overwrites in pending writes", async () => {
    const State = Annotation.Root({ log: Annotation<string[]>({ reducer: (a, b) => a.concat(b), default: () => [] }) });
    let broken = true;
    const build = (checkpointer: MemorySaver) =>
      new StateGraph(State)
        .addNode("route", () => new Command({ update: { log: ["routed"] }, goto: ["replace", "fail"] }), {
          ends: ["replace", "fail"],
        })
        .addNode("replace", () => ({ log: new Overwrite(["only"]) }))
        .addNode("fail", () => {
          if (broken) throw new Error("later");
          return {};
        })
        .addEdge(START, "route")
        .compile({ checkpointer });
    const saver = new MemorySaver(tagged);
    await expect(build(saver).invoke({ log: ["before"] }, config)).rejects.toThrow("later");
    broken = false;
    expect((await build(saver).invoke(null, config)).log).toEqual(["only"]);
  });
});

describe("C-60 LangGraph's own objects", () => {
  async function roundTrip(value: unknown): Promise<unknown> {
    const [type, bytes] = await serializer.dumpsTyped(value);
    return serializer.loadsTyped(type, bytes);
  }

  it("C-60 Send, Command and Overwrite are read as the plain objects that LangGraph takes for them", async () => {
    const send = new Send("node", { at: new Date(1) }, { timeout: 500 });
    expect(await roundTrip([send])).toStrictEqual([{ node: "node", args: { at: new Date(1) }, timeout: send.timeout }]);
    expect(await roundTrip(new Send("node", [1n]))).toStrictEqual({ node: "node", args: [1n] });
    expect(
      await roundTrip(new Command({ update: { a: 1n }, goto: [new Send("n", 1), "x"], graph: Command.PARENT })),
    ).toStrictEqual({
      lg_name: "Command",
      update: { a: 1n },
      resume: undefined,
      goto: [{ node: "n", args: 1 }, "x"],
      graph: "__parent__",
    });
    expect(await roundTrip(new Overwrite(new Date(2)))).toStrictEqual({ __overwrite__: new Date(2) });
  });

  it("C-60 its errors keep name and contents", async () => {
    const errors = [new GraphInterrupt([{ id: "1", value: new Date(3) }]), new NodeInterrupt("wait"), new GraphDrained("deploy")];
    for (const error of errors as GraphInterrupt[]) {
      const read = (await roundTrip(error)) as GraphInterrupt;
      expect(read).toBeInstanceOf(Error);
      expect([read.name, read.message, read.interrupts]).toEqual([error.name, error.message, error.interrupts]);
    }
  });

  it.each<[string, () => unknown]>([
    ["a Send with its timeout", () => new Send("node", { a: 1 }, { timeout: { runTimeout: 6, idleTimeout: 5 } })],
    ["a Command", () => new Command({ update: { a: new Overwrite([1]) }, resume: false, goto: [new Send("n", 1), "x"] })],
    ["an Overwrite", () => new Overwrite([new HumanMessage("hi")])],
    ["an Overwrite in JSON", () => ({ __overwrite__: [1] })],
    ["an Overwrite in JSON of another runtime", () => ({ type: "__overwrite__", value: [1] })],
    ["interrupts with the schema of their answers", () => [{ id: "1", value: "who?", response_schema: { type: "string" } }]],
    ["an error of a task", () => ({ message: "Graph drained: deploy", name: "GraphDrained" })],
  ])("C-66 %s: read from the official serializer as that reads it, and kept so by ours", async (_, make) => {
    const official = new MemorySaver().serde;
    const [type, bytes] = await official.dumpsTyped([make()]);
    const theirs = await official.loadsTyped(type, bytes);
    expect(await serializer.loadsTyped(type, bytes)).toEqual(theirs);
    expect(await roundTrip([make()])).toEqual(theirs);
  });
});
