import { inTurns, timeRatio } from "../measuring/in-turns.js";
import { costTable, type MeasuredWork } from "../report/cost-table.js";
import { ratio } from "../report/table.js";
import type { Scenario } from "../scenario.js";
import { contendersOf, openLineup } from "../servers/lineup.js";
import { growingChat } from "../workloads/conversations.js";
import { startChat, startConversation } from "../workloads/play.js";

/** What the work costs a worker that never saw the thread. */
export const coldReads: Scenario = async (run) => {
  const turns = run.quick ? 60 : 200;
  const [reads, coldTurns] = run.quick ? [10, 5] : [50, 30];
  const lineup = await openLineup(run);
  for (const { saver } of Object.values(lineup.savers)) {
    const chat = startChat(saver, "chat");
    for (let turn = 0; turn < turns; turn += 1) await chat.turn();
  }
  for (const floor of Object.values(lineup.floors)) await floor.write(Buffer.alloc(turns * 1_500, "x"));
  run.progress(`${turns} turns are there`);

  const readers = await contendersOf(lineup, {
    saver:
      (_, __, { fresh }) =>
      () =>
        fresh().getTuple({ configurable: { thread_id: "chat", checkpoint_ns: "" } }),
    floor: (floor) => () => floor.read(),
  });
  const read = await inTurns(readers, reads, 3);
  const later = growingChat(turns + coldTurns + 2, "prose").slice(turns);
  const players = await contendersOf(lineup, {
    saver:
      (_, __, { fresh }) =>
      (round) =>
        startConversation(fresh(), "chat", later.slice(round, round + 1)).turn(),
    floor: (floor) => () => floor.write(Buffer.alloc(1_500, "x")),
  });
  const played = await inTurns(players, coldTurns, 2);
  const works: MeasuredWork[] = [
    { what: "`getTuple`", kind: "read", measured: read },
    { what: "a turn", kind: "write", measured: played },
  ];
  for (const { what, measured } of works) {
    run.progress(`${what}: Postgres ${ratio(timeRatio(measured.postgres, measured.official))} the official`);
  }
  return {
    tables: [
      costTable(
        "A worker that never saw the thread",
        `After ${turns} turns of the chat, on a saver with an empty cache: \`getTuple\`, and a whole turn. The floor reads the text of the chat, or writes that of the turn. \`MemorySaver\` has it in memory.`,
        works,
      ),
    ],
  };
};
