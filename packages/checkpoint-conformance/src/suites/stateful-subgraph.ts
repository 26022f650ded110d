import { defineSuite } from "../case.js";
import { Gate } from "../gate.js";
import { ObservedSaver } from "../observed-saver.js";
import { assertAsInMemory, findState, type Scenario } from "../scenarios/scenario.js";
import { statefulGraph } from "../scenarios/stateful-graph.js";

const goesBack =
  (rootPutsAreSlow: boolean): Scenario =>
  async (run) => {
    const graph = () => statefulGraph(run.nextSaver());
    run.note(await graph().invoke({ input: "one" }, run.config));
    const remembered = new Gate();
    const slow = new ObservedSaver(run.nextSaver(), async ({ ns, metadata, values }, proceed) => {
      // LangGraph orders the puts of one graph only: the store may commit all of the subgraph's before the graph's that they were made under.
      if (ns === "" && metadata.source === "loop" && rootPutsAreSlow) await remembered.pass();
      await proceed();
      if (ns !== "" && JSON.stringify(values.remembered)?.includes("two")) remembered.open();
    });
    run.note(await statefulGraph(slow).invoke({ input: "two" }, { ...run.config, durability: "async" }));
    run.note(await graph().invoke({ input: "three" }, run.config));

    const before = await findState(graph(), run.thread, (state) => state.next.includes("inner") && state.values.input === "two");
    run.note(await graph().invoke(null, before.config));
    const one = await findState(graph(), run.thread, (state) => state.next.length === 0 && state.values.input === "one");
    run.note(await graph().invoke({ input: "two again" }, one.config));
    const edited = await graph().updateState(before.config, { input: "two, edited" });
    run.note(await graph().invoke(null, edited));
    run.note(await graph().invoke({ input: "four" }, run.config));
    return graph();
  };

export const statefulSubgraph = defineSuite("a subgraph that remembers", (it) => {
  it("C-22 it goes back with its graph: as in memory", (context) => assertAsInMemory(context, goesBack(false)));

  it("C-22 it goes back with its graph, also where the store has committed its checkpoints before the graph's", (context) =>
    assertAsInMemory(context, goesBack(true)));
});
