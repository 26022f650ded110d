import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { inTurns, timeRatio } from "../measuring/in-turns.js";
import { costTable, type MeasuredWork } from "../report/cost-table.js";
import { ratio } from "../report/table.js";
import type { Scenario } from "../scenario.js";
import { contendersOf, openLineup, type SaverName } from "../servers/lineup.js";
import { ConversationGraph, startChat } from "../workloads/play.js";

const CHECKPOINTS = 300;
const CONFIG = { configurable: { thread_id: "chat", checkpoint_ns: "" } };

/** Reading the history of a thread: the first item, and all of it. */
export const history: Scenario = async (run) => {
  const [firstRounds, allRounds] = run.quick ? [3, 1] : [10, 3];
  const lineup = await openLineup(run);
  let content = 0;
  for (const { saver } of Object.values(lineup.savers)) {
    const chat = startChat(saver, "chat");
    for (content = 0; (await lengthOf(saver)) < CHECKPOINTS; content += 1_500) await chat.turn();
  }
  for (const floor of Object.values(lineup.floors)) await floor.write(Buffer.alloc(content, "x"));

  const works: MeasuredWork[] = [];
  const measure = async (what: string, rounds: number, read: (saver: BaseCheckpointSaver) => Promise<unknown>): Promise<void> => {
    const contenders = await contendersOf(lineup, {
      saver:
        (_, __, { fresh }) =>
        () =>
          read(fresh()),
      floor: (floor) => () => floor.read(),
    });
    const measured = await inTurns(contenders, rounds, 1);
    works.push({ what, kind: "read", measured });
    run.progress(`${what}: Postgres ${ratio(timeRatio(measured.postgres, measured.official))} the official`);
  };
  const list = (saver: BaseCheckpointSaver): AsyncIterable<unknown> => saver.list(CONFIG);
  const states = (saver: BaseCheckpointSaver): AsyncIterable<unknown> =>
    new ConversationGraph().graph.compile({ checkpointer: saver }).getStateHistory(CONFIG);
  await measure("`list`, first", firstRounds, (saver) => first(list(saver)));
  await measure("`list`, all", allRounds, (saver) => all(list(saver)));
  await measure("`getStateHistory`, first", firstRounds, (saver) => first(states(saver)));
  await measure("`getStateHistory`, all", allRounds, (saver) => all(states(saver)));

  const against = (n: number, other: SaverName): number => timeRatio(works[n]?.measured.postgres, works[n]?.measured[other]);
  return {
    tables: [
      costTable(
        `The history of ${CHECKPOINTS} checkpoints`,
        `A chat with at least ${CHECKPOINTS} checkpoints, read by a saver with an empty cache. *first*: the reader stops after one. The floor reads the text of the chat, ${content.toLocaleString("en")} bytes, once.`,
        works,
      ),
    ],
    figures: { "first of list / official": against(0, "official"), "all of list / official": against(1, "official") },
  };
};

async function first(items: AsyncIterable<unknown>): Promise<void> {
  for await (const item of items) {
    void item;
    return;
  }
}

async function all(items: AsyncIterable<unknown>): Promise<number> {
  let length = 0;
  for await (const item of items) {
    void item;
    length += 1;
  }
  return length;
}

/** How many checkpoints a thread has: its latest says which step it is, and the first is step -1. */
async function lengthOf(saver: BaseCheckpointSaver): Promise<number> {
  const latest = await saver.getTuple(CONFIG);
  return latest === undefined ? 0 : (latest.metadata?.step ?? 0) + 2;
}
