import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { cpuRatio, inTurns, timeRatio } from "../measuring/in-turns.js";
import { costTable, type Measured, type MeasuredWork } from "../report/cost-table.js";
import { ratio } from "../report/table.js";
import type { Figures } from "../report/targets.js";
import type { Run, Scenario } from "../scenario.js";
import { contendersOf, type Lineup, openLineup } from "../servers/lineup.js";
import { textOf } from "../workloads/conversations.js";

/** Characters of an answer. */
const ANSWER = 1_000;
const QUESTION = 300;

/** Most threads are short: a run of one node on a new thread, and four turns of three nodes, alone and with others at once. */
export const short: Scenario = async (run) => {
  const lineup = await openLineup(run);
  const one = await play(run, lineup, { nodes: 1, turns: 1, atOnce: 1, rounds: run.quick ? 60 : 300 });
  const works: MeasuredWork[] = [{ what: "1 node, 1 turn", kind: "write", measured: one }];
  const figures: Figures = {
    "1 node, time / official": timeRatio(one.postgres, one.official),
    "1 node, client CPU / official": cpuRatio(one.postgres, one.official),
  };
  const rounds = { 1: run.quick ? 30 : 150, 16: run.quick ? 6 : 30, 64: run.quick ? 3 : 12 } as const;
  for (const atOnce of [1, 16, 64] as const) {
    const measured = await play(run, lineup, { nodes: 3, turns: 4, atOnce, rounds: rounds[atOnce] });
    works.push({ what: `3 nodes, 4 turns, ${atOnce} at once`, kind: "write", measured });
    figures[`3 nodes, 4 turns, ${atOnce} at once, time / official`] = timeRatio(measured.postgres, measured.official);
    figures[`3 nodes, 4 turns, ${atOnce} at once, client CPU / official`] = cpuRatio(measured.postgres, measured.official);
    figures[`3 nodes, 4 turns, ${atOnce} at once, Redis / official`] = timeRatio(measured.redis, measured.official);
  }
  return {
    tables: [
      costTable(
        "Short threads",
        `Each thread is new. A turn is a question of ${QUESTION} characters, and each node answers with ${ANSWER}. *at once*: so many threads in one process, with a pool of 10 connections; a row is what all of them took. What \`MemorySaver\` takes is LangGraph's own share. The floor writes the same text, once for each node.`,
        works,
      ),
    ],
    figures,
  };
};

interface Played {
  readonly nodes: number;
  readonly turns: number;
  readonly atOnce: number;
  readonly rounds: number;
}

async function play(run: Run, lineup: Lineup, { nodes, turns, atOnce, rounds }: Played): Promise<Measured> {
  const texts = textOf(64, ANSWER);
  const contenders = await contendersOf(lineup, {
    saver(saver) {
      const graph = chainOf(saver, nodes, texts);
      return (round) =>
        Promise.all(
          Array.from({ length: atOnce }, async (_, n) => {
            const config = { configurable: { thread_id: `${nodes} nodes, ${turns} turns, ${atOnce} at once: ${round}, ${n}` } };
            for (let turn = 0; turn < turns; turn += 1) {
              await graph.invoke({ messages: [new HumanMessage(texts().slice(0, QUESTION))] }, config);
            }
          }),
        );
    },
    floor: (floor) => () =>
      Promise.all(
        Array.from({ length: atOnce }, async () => {
          for (let answer = 0; answer < turns * nodes; answer += 1) await floor.write(Buffer.from(texts()));
        }),
      ),
  });
  const measured = await inTurns(contenders, rounds, Math.ceil(rounds / 5));
  const [time, cpu] = [timeRatio(measured.postgres, measured.official), cpuRatio(measured.postgres, measured.official)];
  run.progress(
    `${nodes} nodes, ${turns} turns, ${atOnce} at once: Postgres ${ratio(time)} the official, CPU ${ratio(cpu)}; Redis ${ratio(timeRatio(measured.redis, measured.official))}`,
  );
  return measured;
}

/** A chain of nodes that each answer. */
function chainOf(saver: BaseCheckpointSaver, nodes: number, texts: () => string) {
  const names = Array.from({ length: nodes }, (_, n) => `node${n}`);
  let graph = new StateGraph(MessagesAnnotation) as unknown as StateGraph<
    typeof MessagesAnnotation.spec,
    typeof MessagesAnnotation.State,
    typeof MessagesAnnotation.Update,
    string
  >;
  for (const name of names) {
    graph = graph.addNode(name, () => ({ messages: [new AIMessage(texts())] })) as typeof graph;
  }
  for (const [n, name] of names.entries()) graph.addEdge(n === 0 ? START : (names[n - 1] as string), name);
  return graph.addEdge(names.at(-1) as string, END).compile({ checkpointer: saver });
}
