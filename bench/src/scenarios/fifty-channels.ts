import { Annotation, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { inTurns, timeRatio } from "../measuring/in-turns.js";
import { costTable } from "../report/cost-table.js";
import { ratio } from "../report/table.js";
import type { Scenario } from "../scenario.js";
import { contendersOf, openLineup } from "../servers/lineup.js";
import { textOf } from "../workloads/conversations.js";

const CHANNELS = Array.from({ length: 50 }, (_, n) => `channel${n}`);
const VALUE_BYTES = 2_000;

/** A graph with many channels, of which a step changes two. */
export const fiftyChannels: Scenario = async (run) => {
  const [rounds, warmUp] = run.quick ? [15, 5] : [80, 10];
  const texts = textOf(50, VALUE_BYTES);
  const contenders = await contendersOf(await openLineup(run), {
    async saver(saver) {
      let changes: Record<string, string> = Object.fromEntries(CHANNELS.map((channel) => [channel, texts()]));
      const graph = wideGraph(saver, () => changes);
      const config = { configurable: { thread_id: "wide" } };
      await graph.invoke({ channel0: texts() }, config);
      return (round) => {
        changes = { [channelAt(round)]: texts(), [channelAt(round + 1)]: texts() };
        return graph.invoke({ channel0: texts() }, config);
      };
    },
    floor: (floor) => () => floor.write(Buffer.from(texts() + texts() + texts())),
  });
  const measured = await inTurns(contenders, rounds, warmUp);
  run.progress(`Postgres ${ratio(timeRatio(measured.postgres, measured.official))} the official`);
  return {
    tables: [
      costTable(
        "Fifty channels",
        "A graph with 50 channels of 2,000 characters. A turn has a value for one of them, and its node writes two others. The floor writes only the three, once.",
        [{ what: "a turn", kind: "write", measured }],
      ),
    ],
  };
};

function channelAt(n: number): string {
  return CHANNELS[1 + (n % (CHANNELS.length - 1))] as string;
}

function wideGraph(saver: BaseCheckpointSaver, changes: () => Record<string, string>) {
  const state = Annotation.Root(Object.fromEntries(CHANNELS.map((channel) => [channel, Annotation<string>()])));
  return new StateGraph(state).addNode("step", changes).addEdge(START, "step").compile({ checkpointer: saver });
}
