import { START } from "@langchain/langgraph";
import { defineSuite } from "../case.js";
import { about, conversation, finished } from "../scenarios/conversation.js";
import { assertAsInMemory, type Scenario } from "../scenarios/scenario.js";

const updates: Readonly<Record<string, Scenario>> = {
  "an update of a thread that is not there": async (run) => {
    const { graph, goOn } = conversation(run, {});
    await graph().updateState(run.config, { question: "from nothing", log: ["first"] }, START);
    run.noteState(await graph().getState(run.config));
    await goOn();
    return graph();
  },
  "an update without values": async (run) => {
    const { graph, ask } = conversation(run, {});
    await ask("one");
    await graph().updateState(run.config, null);
    await ask("two");
    await graph().updateState(run.config, null);
    return graph();
  },
  "an end by update": async (run) => {
    const { graph, ask, find } = conversation(run, { asks: 1 });
    await ask("one");
    await graph().updateState(run.config, null, "__end__");
    run.noteState(await graph().getState(run.config));
    await ask("two");
    await graph().updateState((await find(about("one", "decide"))).config, null, "__end__");
    return graph();
  },
  "an update as input": async (run) => {
    const { graph, ask, goOn } = conversation(run, {});
    await ask("one");
    await graph().updateState(run.config, { question: "as input" }, "__input__");
    run.noteState(await graph().getState(run.config));
    await goOn();
    return graph();
  },
  "updates in bulk": async (run) => {
    const { graph, goOn } = conversation(run, {});
    await graph().bulkUpdateState(run.config, [
      { updates: [{ values: { question: "bulk" }, asNode: "__input__" }] },
      { updates: [{ values: { draft: "a draft", log: ["prepared by hand"] }, asNode: "prepare" }] },
    ]);
    run.noteState(await graph().getState(run.config));
    await goOn();
    return graph();
  },
  "a copy with updates": async (run) => {
    const { graph, ask, goOn, find } = conversation(run, {});
    await ask("one");
    await ask("two");
    const prepared = await find(about("one", "decide"));
    const copy = await graph().updateState(
      prepared.parentConfig ?? run.config,
      [[{ draft: "by hand", log: ["copied"] }, "prepare"]],
      "__copy__",
    );
    run.noteState(await graph().getState(copy));
    await goOn(copy);
    return graph();
  },
  "an update after an update": async (run) => {
    const { graph, ask, goOn, find } = conversation(run, {});
    await ask("one");
    const first = await graph().updateState((await find(about("one", "decide"))).config, { draft: "edited" });
    const second = await graph().updateState(first, { draft: "edited again", log: ["twice"] });
    await goOn(second);
    await goOn(first);
    await ask("two", (await find(finished("one"))).config);
    return graph();
  },
  breakpoints: async (run) => {
    const { graph } = conversation(run, { depth: 1 });
    for (const question of ["one", "two"]) {
      run.note(await graph().invoke({ question }, { ...run.config, interruptBefore: "*" }));
      run.noteState(await graph().getState(run.config, { subgraphs: true }));
      await graph().updateState(run.config, { log: ["at the breakpoint"] });
      for (let step = 0; step < 5; step += 1) {
        run.note(await graph().invoke(null, { ...run.config, [step % 2 === 0 ? "interruptAfter" : "interruptBefore"]: "*" }));
        run.noteState(await graph().getState(run.config, { subgraphs: true }));
      }
      run.note(await graph().invoke(null, run.config));
    }
    return graph();
  },
};

export const stateUpdates = defineSuite("updates of the state", (it) => {
  for (const [what, scenario] of Object.entries(updates)) {
    it(`C-34 ${what}: as in memory`, (context) => assertAsInMemory(context, scenario));
  }
});
