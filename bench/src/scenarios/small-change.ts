import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import { inTurns, timeRatio } from "../measuring/in-turns.js";
import { costTable, type MeasuredWork } from "../report/cost-table.js";
import { ratio } from "../report/table.js";
import type { Scenario } from "../scenario.js";
import { contendersOf, openLineup } from "../servers/lineup.js";
import { CheckpointChain } from "../workloads/checkpoint-chain.js";
import { messagesOf, textOf } from "../workloads/conversations.js";

const STATE_BYTES = 1_000_000;
const CHANGE_BYTES = 1_000;

/** What a small change to a large state costs, beside what the change alone would. */
export const smallChange: Scenario = async (run) => {
  const [rounds, warmUp] = run.quick ? [20, 5] : [100, 10];
  const texts = textOf(7, CHANGE_BYTES);
  const lineup = await openLineup(run);
  const floor = Buffer.from(texts());

  const appended = await contendersOf(lineup, {
    async saver(saver, name) {
      let messages: BaseMessage[] = messagesOf(STATE_BYTES);
      const chain = new CheckpointChain(saver, `append ${name}`);
      await chain.put({ messages });
      return (round) => {
        messages = [...messages, new AIMessage({ id: `new${round}`, content: texts() })];
        return chain.put({ messages });
      };
    },
    floor: (to) => () => to.write(floor),
  });
  const replaced = await contendersOf(lineup, {
    async saver(saver, name) {
      const document = Array.from({ length: STATE_BYTES / CHANGE_BYTES }, texts);
      const chain = new CheckpointChain(saver, `replace ${name}`);
      await chain.put({ document });
      return (round) => {
        document[(round * 7) % document.length] = texts();
        return chain.put({ document });
      };
    },
    floor: (to) => () => to.write(floor),
  });

  const works: MeasuredWork[] = [];
  for (const [what, contenders] of [
    ["append", appended],
    ["replace", replaced],
  ] as const) {
    const measured = await inTurns(contenders, rounds, warmUp);
    works.push({ what, kind: "write", measured });
    run.progress(
      `${what}: Postgres ${ratio(timeRatio(measured.postgres, measured.postgresFloor))} the INSERT, Redis ${ratio(timeRatio(measured.redis, measured.redisFloor))} the SET`,
    );
  }
  const against = (work: MeasuredWork | undefined): number => timeRatio(work?.measured.postgres, work?.measured.postgresFloor);
  return {
    tables: [
      costTable(
        "A small change to a large state",
        "`put` of a checkpoint whose one channel is 1 MB. *append*: messages, and one more of 1,000 characters each time. *replace*: a list of 1,000 strings of 1,000 characters, of which another one is replaced each time. The floor writes the 1,000 bytes alone.",
        works,
      ),
    ],
    figures: { "put of 1 KB to 1 MB / INSERT": against(works[0]), "replace 1 KB in 1 MB / INSERT": against(works[1]) },
  };
};
