import type { StateSnapshot } from "@langchain/langgraph";
import { defineSuite } from "../case.js";
import { about, conversation, depths, finished } from "../scenarios/conversation.js";
import { assertAsInMemory, type Scenario } from "../scenarios/scenario.js";

type Depth = 0 | 1 | 2;

const lastNode = (depth: Depth): string => (depth === 0 ? "decide" : "after");
const middle = (depth: Depth): string => (depth === 0 ? "decide" : "inner");

const scenarios: Readonly<Record<string, (depth: Depth) => Scenario>> = {
  "a fork by updateState": (depth) => async (run) => {
    const { graph, ask, goOn, find } = conversation(run, { depth });
    await ask("one");
    await ask("two");
    const old = await find(finished("one"));
    const fork = await graph().updateState(old.config, { question: "forked", log: ["forked"] }, lastNode(depth));
    run.noteState(await graph().getState(fork));
    await ask("three", fork);
    const middleOfTwo = await find(about("two", middle(depth)));
    await goOn(await graph().updateState(middleOfTwo.config, { question: "two, edited" }));
    await ask("four");
    return graph();
  },
  "edit and regenerate": (depth) => async (run) => {
    const { graph, ask, find } = conversation(run, { depth });
    await ask("one");
    await ask("two");
    await ask("two again", (await find(finished("one"))).config);
    await ask("two once more", (await find(finished("one"))).config);
    await ask("three");
    return graph();
  },
  "copies of a checkpoint": (depth) => async (run) => {
    const { graph, ask, goOn, find } = conversation(run, { depth });
    await ask("one");
    await ask("two");
    for (const matches of [
      about("two", middle(depth)),
      finished("one"),
      (state: StateSnapshot) => state.parentConfig === undefined,
    ]) {
      const copy = await graph().updateState((await find(matches)).config, null, "__copy__");
      run.noteState(await graph().getState(copy));
      await goOn(copy);
    }
    await ask("three");
    return graph();
  },
  "a replay": (depth) => async (run) => {
    const { graph, ask, goOn, find } = conversation(run, { depth });
    await ask("one");
    await ask("two");
    await goOn((await find(about("one", middle(depth)))).config);
    await goOn((await find(about("two", middle(depth)))).config);
    await goOn((await find((state) => state.parentConfig === undefined)).config);
    await ask("three");
    return graph();
  },
};

export const timeTravel = defineSuite("time travel", (it) => {
  for (const [what, scenario] of Object.entries(scenarios)) {
    for (const [depth, where] of depths) {
      it(`C-35 ${what} ${where}: as in memory`, (context) => assertAsInMemory(context, scenario(depth)));
    }
  }

  for (const durability of ["exit", "sync", "async"] as const) {
    for (const [depth, where] of depths) {
      it(`C-35 regenerate with durability "${durability}" ${where}: as in memory`, (context) =>
        assertAsInMemory(context, async (run) => {
          const { graph, ask, goOn, find } = conversation(run, { depth }, durability);
          await ask("one");
          await ask("two");
          await ask("two again", (await find(finished("one"))).config);
          await goOn((await find(finished("two"))).config);
          await ask("three");
          return graph();
        }));
    }
  }
});
