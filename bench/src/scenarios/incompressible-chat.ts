import { inTurns } from "../measuring/in-turns.js";
import { costTable } from "../report/cost-table.js";
import { ratio } from "../report/table.js";
import type { Scenario } from "../scenario.js";
import { contendersOf, openLineup } from "../servers/lineup.js";
import { growingChat } from "../workloads/conversations.js";
import { contentBytes, messagesOfTurn, startConversation } from "../workloads/play.js";

/** The chat of random letters: what is stored when nothing compresses. */
export const incompressibleChat: Scenario = async (run) => {
  const turns = growingChat(run.quick ? 40 : 200, "random");
  const content = turns.map((turn) => contentBytes(messagesOfTurn(turn)));
  const contenders = await contendersOf(await openLineup(run, { memory: false }), {
    saver: (saver) => startConversation(saver, "chat", turns).turn,
    floor: (floor) => (round) => floor.write(Buffer.alloc(content[round] ?? 0, "x")),
  });
  const measured = await inTurns(contenders, turns.length);
  const bytesOfTurn = content.reduce((sum, bytes) => sum + bytes, 0) / turns.length;
  const stored = (name: "postgres" | "redis"): string => ratio((measured[name]?.storedBytes ?? Number.NaN) / bytesOfTurn);
  const told = `Postgres stores ${stored("postgres")} the content, Redis ${stored("redis")}`;
  run.progress(told);
  return {
    tables: [
      costTable(
        "A chat that does not compress",
        `The same chat in random letters, ${turns.length} turns: averages of all turns. ${told}.`,
        [{ what: "a turn", kind: "write", measured }],
      ),
    ],
  };
};
