import type { RunnableConfig } from "@langchain/core/runnables";
import { type ConformanceSuite, defineSuite } from "../case.js";
import { collect } from "../checkpoints.js";
import type { Feature } from "../installed.js";
import { assertAsInMemory, type Comparison, outcome, type Scenario, type ScenarioRun } from "./scenario.js";
import type { StatefulGraph } from "./thread-record.js";

/** A graph that may be taken back to any of its checkpoints. */
export interface TravellingGraph extends StatefulGraph {
  invoke(input: null, config: RunnableConfig): Promise<unknown>;
  updateState(config: RunnableConfig, values: null, asNode: string): Promise<RunnableConfig>;
}

/** A program that returns how to make its graph, which is then taken back in time. */
export type JourneyScenario = (run: ScenarioRun) => Promise<() => TravellingGraph>;

/** A scenario, with what it needs of LangGraph if not every one has it, and whether its subgraphs race. */
export type NamedScenario =
  | JourneyScenario
  | (Pick<Comparison, "racing"> & { readonly feature?: Feature; readonly scenario: JourneyScenario });

/** Replays the thread from its first and its last unfinished checkpoint, and forks it at each. */
async function goBack(run: ScenarioRun, graph: () => TravellingGraph): Promise<void> {
  const history = (await collect(graph().getStateHistory(run.config))).reverse();
  const unfinished = history.filter(({ next }) => next.length > 0);
  const places = new Set([unfinished[0]?.config, unfinished.at(-1)?.config]);
  for (const config of places) {
    if (config === undefined) continue;
    run.note(await outcome(graph().invoke(null, config)));
    const copy = await graph().updateState(config, null, "__copy__");
    run.note(await outcome(graph().invoke(null, copy)));
  }
}

const thereAndBack =
  (scenario: JourneyScenario): Scenario =>
  async (run) => {
    const graph = await scenario(run);
    run.noteState(await graph().getState(run.config, { subgraphs: true }));
    await goBack(run, graph);
    return graph();
  };

/**
 * A case for each scenario: every call of it has a saver of its own; afterwards its thread is replayed and forked from several of its
 * checkpoints. All that the program sees, all that is left of the thread and every read of a saver is compared with `MemorySaver`.
 */
export function scenarioSuite(topic: string, scenarios: Readonly<Record<string, NamedScenario>>): ConformanceSuite {
  return defineSuite(`as in memory: ${topic}`, (it) => {
    for (const [what, named] of Object.entries(scenarios)) {
      const { scenario, racing = false, ...options } = typeof named === "function" ? { scenario: named } : named;
      it(`C-15 ${what}: as in memory`, options, (context) =>
        assertAsInMemory(context, thereAndBack(scenario), { everyRead: true, racing }),
      );
    }
  });
}
