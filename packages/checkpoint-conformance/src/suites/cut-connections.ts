import assert from "node:assert/strict";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { type CaseContext, defineSuite } from "../case.js";
import { address, read } from "../checkpoints.js";
import { eventually } from "../eventually.js";
import { ObservedSaver } from "../observed-saver.js";
import { questionGraph } from "../scenarios/question-graph.js";
import type { ConformanceTarget } from "../target.js";
import { assertWhole } from "../whole-checkpoints.js";

const hooks = ["interrupt"] as const;

/** Fails unless a call that was cut off ended with an error of the saver: the one for it, where the target says which. */
function assertCutOff({ errors }: ConformanceTarget, error: unknown, what: string): void {
  assert(error instanceof Error, `${what} rejects with something that is no Error: ${String(error)}`);
  if (errors === undefined) return;
  const code = "code" in error ? error.code : undefined;
  assert.equal(code, errors.storeUnavailable, `${what} fails with another error: ${error.stack ?? error.message}`);
}

/** A moment of a run: when so many nodes have begun, or while so manieth put is under way. */
type Moment = readonly [during: "node" | "put", number: number];

/** A run of the graph has two nodes, and puts its input and what each node has made. */
const moments: readonly Moment[] = [
  ["node", 1],
  ["node", 2],
  ["put", 1],
  ["put", 2],
  ["put", 3],
];

const ask = (saver: BaseCheckpointSaver, thread: string, question: string, onNode?: () => Promise<void>) =>
  questionGraph(saver, onNode === undefined ? {} : { onNode }).invoke({ question }, { ...address(thread), durability: "async" });

/** Runs a turn whose connections are cut at this moment; what became of it, or the error that it ended with. */
async function runCutAt({ target, open }: CaseContext, thread: string, moment: Moment) {
  const [during, number] = moment;
  const counts = { node: 0, put: 0 };
  const cut = async (at: Moment[0]): Promise<void> => {
    counts[at] += 1;
    if (at === during && counts[at] === number) await target.interrupt?.();
  };
  const saver = new ObservedSaver(await open(), async (_, proceed) => {
    await Promise.all([proceed(), cut("put")]);
  });
  const [outcome] = await Promise.allSettled([ask(saver, thread, "cut", () => cut("node"))]);
  assert(counts[during] >= number, `the run has come to ${during} ${number}`);
  return { saver, outcome };
}

const nameOf = ([during, number]: Moment): string => `cut in ${during} ${number}`;

export const cutConnections = defineSuite("cut connections", (it) => {
  it("C-71 connections that are cut while nobody uses them end no process, and others take their place", {
    hooks,
  }, async (context) => {
    const { saver, target } = context;
    const thread = context.thread();
    await ask(saver, thread, "one");
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(Array.from({ length: 4 }, () => read(saver, thread)));
      await target.interrupt?.();
      const [first] = await Promise.allSettled([read(saver, thread)]);
      if (first.status === "rejected") assertCutOff(target, first.reason, "the first call after the cut");
      const { checkpoint } = await eventually(() => read(saver, thread));
      assert.equal(checkpoint.channel_values.answer, "answer to draft of one");
    }
  });

  it("C-71 a run whose connections are cut ends well or with one error; what was acknowledged is whole, and the thread goes on", {
    hooks,
    timeout: 180_000,
  }, async (context) => {
    for (const moment of moments) {
      const thread = context.thread();
      await ask(context.saver, thread, "before");
      const { saver, outcome } = await runCutAt(context, thread, moment);
      if (outcome.status === "rejected") assertCutOff(context.target, outcome.reason, `the run ${nameOf(moment)}`);
      else assert.equal(outcome.value.answer, "answer to draft of cut", nameOf(moment));
      await assertWhole(context, thread, [saver], nameOf(moment));
      const { answer } = await eventually(() => ask(saver, thread, "after"));
      assert.equal(answer, "answer to draft of after", `${nameOf(moment)}: the next turn, with the same saver`);
    }
  });

  it("C-70 a run whose connections are cut goes on, and nobody notices", {
    hooks,
    requires: ["retries"],
    timeout: 180_000,
  }, async (context) => {
    for (const moment of moments) {
      const thread = context.thread();
      const { saver, outcome } = await runCutAt(context, thread, moment);
      if (outcome.status === "rejected") throw new Error(`The run ${nameOf(moment)} fails.`, { cause: outcome.reason });
      assert.equal(outcome.value.answer, "answer to draft of cut", nameOf(moment));
      await assertWhole(context, thread, [saver], nameOf(moment));
      const latest = (await read(context.saver, thread)).checkpoint;
      assert.equal(latest.id, saver.puts.at(-1)?.id, `${nameOf(moment)}: the last put is the latest`);
    }
  });
});
