import { defineSuite } from "../case.js";
import { conversation, depths, finished, interrupted } from "../scenarios/conversation.js";
import { assertAsInMemory, type Scenario } from "../scenarios/scenario.js";
import type { Capability } from "../target.js";

type Depth = 0 | 1 | 2;

const scenarios: Readonly<Record<string, (depth: Depth) => Scenario>> = {
  "an interrupt is answered": (depth) => async (run) => {
    const { graph, ask, resume } = conversation(run, { depth, asks: 1 });
    for (const question of ["one", "two"]) {
      await ask(question);
      run.noteState(await graph().getState(run.config, { subgraphs: true }));
      await resume(`yes to ${question}`);
    }
    return graph();
  },
  "an interrupt is answered again, differently, from its old checkpoint": (depth) => async (run) => {
    const { graph, ask, resume, find } = conversation(run, { depth, asks: 1 });
    await ask("one");
    await resume("yes");
    await ask("two");
    await resume("yes");
    await resume("no", (await find(interrupted("one"))).config);
    await resume("perhaps", (await find(interrupted("one"))).config);
    await ask("three");
    return graph();
  },
  "an answered interrupt is replayed, and asks anew": (depth) => async (run) => {
    const { graph, ask, goOn, resume, find } = conversation(run, { depth, asks: 1 });
    await ask("one");
    const asked = await find(interrupted("one"));
    await resume("yes");
    await goOn(asked.config);
    run.noteState(await graph().getState(run.config, { subgraphs: true }));
    await resume("no");
    await ask("two", (await find(finished("one"))).config);
    await resume("yes to two");
    return graph();
  },
  "two questions of one node are answered in turn": (depth) => async (run) => {
    const { graph, ask, resume, find } = conversation(run, { depth, asks: 2 });
    await ask("one");
    await resume("first");
    run.noteState(await graph().getState(run.config, { subgraphs: true }));
    await resume("second");
    await resume("other first", (await find(interrupted("one"))).config);
    await resume("other second");
    return graph();
  },
  "the state is edited while a human is asked": (depth) => async (run) => {
    const { graph, ask, resume } = conversation(run, { depth, asks: 1 });
    await ask("one");
    await graph().updateState(run.config, { log: ["edited"] });
    run.noteState(await graph().getState(run.config, { subgraphs: true }));
    await resume("yes");
    await ask("two");
    const { tasks } = await graph().getState(run.config, { subgraphs: true });
    const inner = tasks[0]?.state;
    if (inner !== undefined && "values" in inner) {
      await graph().updateState(inner.config, { draft: "edited draft", log: ["edited inside"] });
    }
    run.noteState(await graph().getState(run.config, { subgraphs: true }));
    await resume("yes");
    return graph();
  },
  "a new question comes while a human is asked": (depth) => async (run) => {
    const { graph, ask, goOn, resume } = conversation(run, { depth, asks: 1 });
    await ask("one");
    await ask("two");
    await goOn();
    await resume("yes to two");
    return graph();
  },
};

export const interrupts = defineSuite("interrupts", (it) => {
  for (const [what, scenario] of Object.entries(scenarios)) {
    for (const [depth, where] of depths) {
      it(`C-41 ${what}, ${where}: as in memory`, (context) => assertAsInMemory(context, scenario(depth)));
    }
  }

  for (const durability of ["exit", "sync"] as const) {
    for (const [depth, where] of depths) {
      const requires: Capability[] = durability === "exit" ? ["ownParent"] : [];
      it(`C-41 interrupts with durability "${durability}" ${where}: as in memory`, { requires }, (context) =>
        assertAsInMemory(context, async (run) => {
          const { graph, ask, goOn, resume, find } = conversation(run, { depth, asks: 2 }, durability);
          await ask("one");
          run.noteState(await graph().getState(run.config, { subgraphs: true }));
          await goOn();
          await resume("first");
          await resume("second");
          await ask("two");
          await resume("other first", (await find(interrupted("two"))).config);
          await resume("other second");
          return graph();
        }),
      );
    }
  }
});
