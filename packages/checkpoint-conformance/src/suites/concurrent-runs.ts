import assert from "node:assert/strict";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { defineSuite } from "../case.js";
import { read } from "../checkpoints.js";
import { ObservedSaver } from "../observed-saver.js";
import { about } from "../scenarios/conversation.js";
import { questionGraph } from "../scenarios/question-graph.js";
import { answerWith, findState } from "../scenarios/scenario.js";
import { interleavings, Turns } from "../turns.js";
import { assertWhole } from "../whole-checkpoints.js";

/** Meets at each node: both runs enter it before either goes on, so that their writes collide as much as they can. */
class Rendezvous {
  #arrived: (() => void)[] = [];

  async meet(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#arrived.push(resolve);
      if (this.#arrived.length < 2) return;
      for (const go of this.#arrived) go();
      this.#arrived = [];
    });
  }
}

const config = (thread: string) => ({ configurable: { thread_id: thread } });

const ask = (
  saver: BaseCheckpointSaver,
  thread: string,
  question: string,
  durability: "sync" | "async",
  onNode?: () => Promise<void>,
) => questionGraph(saver, onNode === undefined ? {} : { onNode }).invoke({ question }, { ...config(thread), durability });

export const concurrentRuns = defineSuite("concurrent runs", (it) => {
  for (const begun of [false, true]) {
    const where = begun ? "a thread with a history" : "a new thread";
    it(`C-35 two runs at once on ${where} never mix, however they alternate`, async (context) => {
      for (const order of interleavings("x", "y", 2)) {
        const thread = context.thread();
        const when = `order ${order.join("")}`;
        if (begun) await ask(context.saver, thread, "before", "sync");
        const turns = new Turns(order);
        const run = async (who: string): Promise<ObservedSaver> => {
          const saver = new ObservedSaver(await context.open(), async (_, proceed) => {
            await proceed();
            turns.finish(who);
          });
          const result = await ask(saver, thread, who, "sync", () => turns.take(who));
          assert.deepEqual(
            [result.question, result.answer],
            [who, `answer to draft of ${who}`],
            `${when}: what run ${who} returned`,
          );
          return saver;
        };
        const observed = await Promise.all([run("x"), run("y")]);
        await assertWhole(context, thread, observed, when);
        const latest = (await read(context.saver, thread)).checkpoint.id;
        const lasts = observed.map(({ puts }) => puts.at(-1)?.id);
        assert(lasts.includes(latest), `${when}: the latest checkpoint is the last one of a run`);
      }
    });
  }

  it("C-35 pairs of runs that meet at every node never mix", { timeout: 120_000 }, async (context) => {
    const savers = [await context.open(), await context.open()];
    for (let pair = 0; pair < 20; pair += 1) {
      const thread = context.thread();
      const meeting = new Rendezvous();
      const observed = savers.map((saver) => new ObservedSaver(saver));
      await Promise.all(
        observed.map((saver, n) => ask(saver, thread, `run ${n} of pair ${pair}`, "async", () => meeting.meet())),
      );
      await assertWhole(context, thread, observed, `pair ${pair}`);
    }
  });

  it("C-35 runs at once from one old checkpoint, in subgraphs too, never mix", async (context) => {
    const thread = context.thread();
    const graph = (saver: BaseCheckpointSaver) => questionGraph(saver, { depth: 2 });
    await graph(context.saver).invoke({ question: "one" }, config(thread));
    await graph(context.saver).invoke({ question: "two" }, config(thread));
    const old = await findState(graph(context.saver), thread, about("one", "inner"));
    const observed = [];
    for (let n = 0; n < 4; n += 1) observed.push(new ObservedSaver(await context.open()));
    const results = await Promise.all(
      observed.map((saver, n) =>
        n % 2 === 0 ? graph(saver).invoke({ question: `branch ${n}` }, old.config) : graph(saver).invoke(null, old.config),
      ),
    );
    assert.deepEqual(
      results.map(({ question }) => question),
      ["branch 0", "one", "branch 2", "one"],
    );
    await assertWhole(context, thread, observed, "four runs from one checkpoint");
  });

  it("C-41 an interrupt that two answer at once: each run is whole, and the thread goes on", async (context) => {
    for (let round = 0; round < 5; round += 1) {
      const thread = context.thread();
      const graph = (saver: BaseCheckpointSaver) => questionGraph(saver, { asks: 1 });
      await graph(context.saver).invoke({ question: "one" }, config(thread));
      const observed = [new ObservedSaver(await context.open()), new ObservedSaver(await context.open())];
      const results = await Promise.all(
        observed.map((saver, n) => graph(saver).invoke(answerWith(`answer ${n}`), config(thread))),
      );
      for (const { answer } of results) assert.match(answer, /^answer [01]$/);
      await assertWhole(context, thread, observed, `round ${round}`);
      await graph(context.saver).invoke({ question: "two" }, config(thread));
      const last = await graph(context.saver).invoke(answerWith("later"), config(thread));
      assert.deepEqual([last.question, last.answer], ["two", "later"]);
    }
  });

  it("C-35 edits by updateState while a run goes on stay apart from it", async (context) => {
    const thread = context.thread();
    await ask(context.saver, thread, "one", "sync");
    const editor = new ObservedSaver(await context.open());
    const runner = new ObservedSaver(await context.open());
    let edits = 0;
    const edit = async (): Promise<void> => {
      edits += 1;
      await questionGraph(editor).updateState(config(thread), { draft: `edit ${edits}`, log: [`edit ${edits}`] }, "decide");
    };
    const result = await ask(runner, thread, "two", "sync", edit);
    assert.deepEqual([result.question, result.answer], ["two", "answer to draft of two"]);
    await assertWhole(context, thread, [editor, runner], "edits between the nodes of a run");
  });
});
