import { Annotation, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { inTurns, timeRatio } from "../measuring/in-turns.js";
import { costTable } from "../report/cost-table.js";
import { ratio } from "../report/table.js";
import type { Scenario } from "../scenario.js";
import { contendersOf, openLineup } from "../servers/lineup.js";
import { textOf } from "../workloads/conversations.js";

const DOCUMENT_BYTES = 100_000;
const CHANGE_BYTES = 1_000;

/** A channel without a reducer: the task that changes a little of a document writes all of it. */
export const wholeDocument: Scenario = async (run) => {
  const [rounds, warmUp] = run.quick ? [15, 5] : [80, 10];
  const first = textOf(70, DOCUMENT_BYTES)();
  const contenders = await contendersOf(await openLineup(run), {
    async saver(saver) {
      const changes = textOf(71, CHANGE_BYTES);
      let at = 0;
      const graph = documentGraph(saver, (document) => {
        at = (at + 7_919) % (DOCUMENT_BYTES - CHANGE_BYTES);
        return document.slice(0, at) + changes() + document.slice(at + CHANGE_BYTES);
      });
      const config = { configurable: { thread_id: "document" } };
      await graph.invoke({ document: first }, config);
      return (turn) => graph.invoke({ turn }, config);
    },
    floor: (floor) => () => floor.write(Buffer.alloc(CHANGE_BYTES, "x")),
  });
  const measured = await inTurns(contenders, rounds, warmUp);
  run.progress(`Postgres ${ratio(timeRatio(measured.postgres, measured.official))} the official`);
  return {
    tables: [
      costTable(
        "A document that is written whole",
        "A turn of a graph whose node replaces 1,000 characters of a document of 100 kB and returns the whole document. The floor writes only the 1,000 characters.",
        [{ what: "a turn", kind: "write", measured }],
      ),
    ],
  };
};

function documentGraph(saver: BaseCheckpointSaver, change: (document: string) => string) {
  const state = Annotation.Root({ turn: Annotation<number>, document: Annotation<string> });
  return new StateGraph(state)
    .addNode("edit", ({ document }) => ({ document: change(document) }))
    .addEdge(START, "edit")
    .compile({ checkpointer: saver });
}
