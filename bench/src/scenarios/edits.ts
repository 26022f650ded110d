import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import { inTurns, timeRatio } from "../measuring/in-turns.js";
import { costTable, type MeasuredWork } from "../report/cost-table.js";
import { ratio } from "../report/table.js";
import type { Scenario } from "../scenario.js";
import { contendersOf, openLineup } from "../servers/lineup.js";
import { CheckpointChain } from "../workloads/checkpoint-chain.js";
import { messagesOf, textOf } from "../workloads/conversations.js";

const LIST_BYTES = 300_000;
const DOCUMENT_BYTES = 100_000;

interface Edit {
  readonly what: string;
  /** Bytes that are new. */
  readonly newBytes: number;
  /** A state of its own, and its next value each time. */
  start(): (round: number) => unknown;
}

const texts = textOf(10, 1_000);

const EDITS: readonly Edit[] = [
  {
    what: "one removed from the middle",
    newBytes: 20,
    start() {
      let messages: readonly BaseMessage[] = messagesOf(LIST_BYTES);
      return () => {
        messages = messages.toSpliced(Math.floor(messages.length / 2), 1);
        return messages;
      };
    },
  },
  {
    what: "the list trimmed",
    newBytes: 1_000,
    start() {
      let messages: readonly BaseMessage[] = messagesOf(LIST_BYTES);
      return (round) => {
        messages = [...messages.slice(1), new AIMessage({ id: `new${round}`, content: texts() })];
        return messages;
      };
    },
  },
  {
    what: "a counter in front",
    newBytes: 20,
    start() {
      const text = textOf(11, DOCUMENT_BYTES)();
      return (round) => `read ${3 ** (round % 20)} times\n${text}`;
    },
  },
];

/** Changes that are no appends. */
export const edits: Scenario = async (run) => {
  const [rounds, warmUp] = run.quick ? [10, 3] : [50, 5];
  const lineup = await openLineup(run);
  const works: MeasuredWork[] = [];
  for (const { what, newBytes, start } of EDITS) {
    const contenders = await contendersOf(lineup, {
      async saver(saver) {
        const next = start();
        const chain = new CheckpointChain(saver, what);
        await chain.put({ value: next(-1) });
        return (round) => chain.put({ value: next(round) });
      },
      floor: (floor) => () => floor.write(Buffer.alloc(newBytes, "x")),
    });
    const measured = await inTurns(contenders, rounds, warmUp);
    works.push({ what, kind: "write", measured });
    run.progress(`${what}: Postgres ${ratio(timeRatio(measured.postgres, measured.official))} the official`);
  }
  return {
    tables: [
      costTable(
        "Edits that are no appends",
        "`put` of a checkpoint whose one channel changed otherwise than by growing. *one removed from the middle* of 300 kB of messages. *the list trimmed*: the first of 300 kB of messages goes, and one of 1,000 characters comes. *a counter in front* of a document of 100 kB. The floor writes what is new, 20, 1,000 and 20 bytes.",
        works,
      ),
    ],
  };
};
