import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { Command, Send } from "@langchain/langgraph";
import { type BaseCheckpointSaver, TASKS } from "@langchain/langgraph-checkpoint";
import { at, checkpointOf } from "../plain-checkpoints.js";
import { nestedQuestionGraph, questionGraph, twofoldQuestionGraph } from "../question-graph.js";
import { runOrders } from "../thread-history.js";
import { workerGraph } from "../worker-graph.js";
import { allOf } from "./all-of.js";
import { deltaGraph } from "./delta-graph.js";

const thread = (id: string) => ({ configurable: { thread_id: id } });
const noAct = (): void => {};

/** Threads of all kinds, by id: how each comes about, and how it goes on. */
export const oldThreads: Readonly<
  Record<
    string,
    {
      begin(saver: BaseCheckpointSaver, id: string): Promise<unknown>;
      goOn?(saver: BaseCheckpointSaver, id: string): Promise<unknown>;
    }
  >
> = {
  "has turns with subgraphs and parallel tasks": {
    begin: (saver, id) => runOrders(saver, id, ["first", "second"]),
    goOn: (saver, id) => runOrders(saver, id, ["third"]),
  },
  "waits for its first answer": {
    begin: (saver, id) => questionGraph(saver, noAct).invoke({ input: "do it" }, thread(id)),
    goOn: async (saver, id) => {
      await questionGraph(saver, noAct).invoke(new Command({ resume: "yes" }), thread(id));
      return questionGraph(saver, noAct).invoke(new Command({ resume: "no" }), thread(id));
    },
  },
  "waits for the second answer of one task": {
    begin: async (saver, id) => {
      await twofoldQuestionGraph(saver, noAct).invoke({ input: "do it" }, thread(id));
      await twofoldQuestionGraph(saver, noAct).invoke(new Command({ resume: "yes" }), thread(id));
    },
    goOn: (saver, id) => twofoldQuestionGraph(saver, noAct).invoke(new Command({ resume: "no" }), thread(id)),
  },
  "waits in a subgraph": {
    begin: async (saver, id) => {
      await nestedQuestionGraph(saver, noAct).invoke({ input: "do it" }, thread(id));
      await nestedQuestionGraph(saver, noAct).invoke(new Command({ resume: "yes" }), thread(id));
    },
    goOn: (saver, id) => nestedQuestionGraph(saver, noAct).invoke(new Command({ resume: "no" }), thread(id)),
  },
  "broke off in one of three parallel tasks": {
    begin: async (saver, id) => {
      const graph = workerGraph(saver, (name) => {
        if (name.startsWith("piece 2")) throw new Error("The tool is out of order.");
      });
      await graph.invoke({ order: "first" }, thread(id)).catch(noAct);
    },
    goOn: (saver, id) => workerGraph(saver).invoke(null, thread(id)),
  },
  "has a fork": {
    begin: async (saver, id) => {
      await runOrders(saver, id, ["first"]);
      const states = await allOf(workerGraph(saver).getStateHistory(thread(id)));
      const planned = states.find(({ next }) => next.includes("piece"));
      const fork = await workerGraph(saver).updateState(planned?.config ?? {}, { log: ["changed the plan"] }, "plan");
      await workerGraph(saver).invoke(null, fork);
    },
    goOn: (saver, id) => runOrders(saver, id, ["second"]),
  },
  "has delta channels": {
    begin: async (saver, id) => {
      for (const input of ["a", "b", "c", "ask"]) await deltaGraph(saver).invoke({ input }, thread(id));
    },
    goOn: (saver, id) => deltaGraph(saver).invoke(new Command({ resume: "this" }), thread(id)),
  },
  "holds messages, dates and bytes": {
    begin: async (saver, id) => {
      const call = { id: "call-1", name: "search", args: { query: "é\u2028" }, type: "tool_call" as const };
      const checkpoint = checkpointOf({
        messages: [
          new HumanMessage({ content: "Find it", id: "1" }),
          new AIMessage({ content: [{ type: "text", text: "I look" }], tool_calls: [call], id: "2" }),
          new ToolMessage({ content: "Here", tool_call_id: "call-1", artifact: { found: [1, 2] } }),
        ],
        seen: new Map([["a", new Set([1])]]),
        date: new Date(0),
        bytes: new Uint8Array([1, 2, 3]),
        nothing: null,
      });
      const metadata = { source: "loop" as const, step: 0, parents: {} };
      const versions = { ...checkpoint.channel_versions, emptied: 3 };
      await saver.put(at(id), { ...checkpoint, channel_versions: versions }, metadata, versions);
    },
  },
};

/** A thread in a format before 4, in which the sends of a checkpoint are writes of its parent (contract C-14). */
export async function putOldFormat(saver: BaseCheckpointSaver, id: string): Promise<void> {
  const metadata = { source: "loop" as const, step: 0, parents: {} };
  let parent: string | undefined;
  for (const sends of [["a", "b"], [], ["c"]]) {
    const checkpoint = { ...checkpointOf({ log: sends }), v: 1 };
    await saver.put(at(id, parent), checkpoint as never, metadata, checkpoint.channel_versions);
    const writes = sends.map((node): [string, unknown] => [TASKS, new Send(node, { order: node })]);
    if (writes.length > 0) await saver.putWrites(at(id, checkpoint.id), writes, "00000000-0000-0000-0000-000000000001");
    parent = checkpoint.id;
  }
}
