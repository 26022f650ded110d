import { spawnNode } from "@holdfast/test-servers";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { type Contender, inTurns, timeRatio } from "../measuring/in-turns.js";
import { costTable, type MeasuredWork } from "../report/cost-table.js";
import { ratio } from "../report/table.js";
import type { Scenario } from "../scenario.js";
import { type ContenderName, contendersOf, openLineup } from "../servers/lineup.js";
import { CheckpointChain } from "../workloads/checkpoint-chain.js";
import { textOf } from "../workloads/conversations.js";

/** Megabytes, and how often. */
const SIZES = [
  { megabytes: 1, rounds: 10, quickRounds: 3 },
  { megabytes: 10, rounds: 5, quickRounds: 2 },
  { megabytes: 60, rounds: 3, quickRounds: 1 },
];
/** From here on the official saver ends the process that reads. */
const ABORTS_AT = 60;

/** One value of many megabytes, written and read. */
export const largeValues: Scenario = async (run) => {
  const lineup = await openLineup(run, { memory: false });
  const lines = textOf(60, 1_000);
  const works: MeasuredWork[] = [];
  const read = new Map<number, Partial<Record<ContenderName, number | undefined>>>();
  let official = "was not asked";
  for (const { megabytes, rounds, quickRounds } of SIZES) {
    const times = run.quick ? quickRounds : rounds;
    const thread = `${megabytes} MB`;
    const document = Array.from({ length: megabytes * 1_000 }, lines);
    const bytes = Buffer.from(document.join("\n"));
    const writers = await contendersOf(lineup, {
      saver(saver) {
        // A thread of its own for each: nothing of the value is there yet.
        return (round) => new CheckpointChain(saver, `${thread} ${round}`).put({ document });
      },
      floor: (floor) => () => floor.write(bytes),
    });
    const put = await inTurns(writers, times);
    works.push({ what: `put ${thread}`, kind: "write", measured: put });

    const lengths: Partial<Record<ContenderName, number | undefined>> = {};
    read.set(megabytes, lengths);
    const readers = await contendersOf(lineup, {
      saver:
        (_, name, { fresh }) =>
        async (round) => {
          lengths[name] = await lengthOfDocument(fresh(), `${thread} ${round}`);
        },
      floor: (floor) => () => floor.read(),
    });
    const asked: Partial<Record<ContenderName, Contender>> = { ...readers };
    if (megabytes >= ABORTS_AT && lineup.savers.official !== undefined) {
      delete asked.official;
      official = await readInProcess(lineup.savers.official.url, `${thread} 0`);
      run.progress(`the official saver's getTuple of ${thread} ${official}`);
    }
    const got = await inTurns(asked, times);
    works.push({ what: `getTuple ${thread}`, kind: "read", measured: got });
    run.progress(
      `${thread}: put ${ratio(timeRatio(put.postgres, put.official))}, getTuple ${ratio(timeRatio(got.postgres, got.official))} the official`,
    );
    for (const { saver } of Object.values(lineup.savers)) {
      for (let round = 0; round < times; round += 1) await saver.deleteThread(`${thread} ${round}`);
    }
  }
  const tenMegabytes = works.find(({ what }) => what === "getTuple 10 MB")?.measured;
  const lengths = read.get(ABORTS_AT) ?? {};
  const ours = (["postgres", "redis"] as const).filter((name) => lineup.savers[name] !== undefined);
  return {
    tables: [
      costTable(
        "One large value",
        `A list of strings of 1,000 characters, 1, 10 and 60 MB in all. \`put\` on a new thread, \`getTuple\` by a saver with an empty cache. Run in its own process, the official saver's \`getTuple\` of 60 MB ${official}.`,
        works,
      ),
    ],
    figures: {
      "getTuple of 10 MB / official": timeRatio(tenMegabytes?.postgres, tenMegabytes?.official),
      "getTuple of 60 MB": ours.every((name) => lengths[name] === ABORTS_AT * 1_000) ? 1 : 0,
    },
  };
};

async function lengthOfDocument(saver: BaseCheckpointSaver, thread: string): Promise<number | undefined> {
  const tuple = await saver.getTuple({ configurable: { thread_id: thread, checkpoint_ns: "" } });
  return (tuple?.checkpoint.channel_values.document as readonly string[] | undefined)?.length;
}

/** What becomes of a process in which the official saver reads the thread. */
async function readInProcess(url: string, thread: string): Promise<string> {
  const child = await spawnNode(new URL("./official-read-process.mjs", import.meta.url), { args: [url, thread] });
  const { code, signal } = await child.exited;
  if (code === 0) return "works";
  return signal === null ? `fails (exit status ${code})` : `aborts the process (${signal})`;
}
