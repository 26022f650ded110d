import { inTurns, timeRatio } from "../measuring/in-turns.js";
import { costTable } from "../report/cost-table.js";
import { count, kb, ratio } from "../report/table.js";
import type { Scenario } from "../scenario.js";
import { contendersOf, openLineup } from "../servers/lineup.js";
import { readTranscripts } from "../workloads/conversations.js";
import { contentBytes, messagesOfTurn, startConversation } from "../workloads/play.js";

/** Real conversations of an agent, each a thread: one superstep for each message of the assistant and of a tool. */
export const conversations: Scenario = async (run) => {
  if (run.transcripts === undefined) {
    run.progress("left out: it needs --transcripts FILE");
    return { tables: [] };
  }
  const all = await readTranscripts(run.transcripts);
  const played = all.slice(0, run.quick ? 15 : all.length);
  const contenders = await contendersOf(await openLineup(run), {
    saver: (saver) => (round) => startConversation(saver, `conversation ${round}`, played[round] ?? []).rest(),
    // As many writes as supersteps: none could wait for the next.
    floor: (floor) => async (round) => {
      for (const { input, steps } of played[round] ?? []) {
        for (const messages of [input, ...steps]) await floor.write(Buffer.alloc(contentBytes(messages), "x"));
      }
    },
  });
  const measured = await inTurns(contenders, played.length);
  const turns = played.flat();
  const content = contentBytes(turns.flatMap(messagesOfTurn));
  const stored = (name: "postgres" | "redis" | "official"): number =>
    ((measured[name]?.storedBytes ?? Number.NaN) * played.length) / content;
  const supersteps = turns.reduce((sum, { steps }) => sum + 1 + steps.length, 0);
  run.progress(
    `Postgres ${ratio(timeRatio(measured.postgres, measured.official))} the official, stored ${ratio(stored("postgres"))}`,
  );
  run.progress(`Redis stored ${ratio(stored("redis"))}`);
  return {
    tables: [
      costTable(
        "Recorded conversations of an agent",
        `${played.length} conversations, ${count(turns.length)} turns, ${count(supersteps)} supersteps, ${kb(content)} of content; each a thread, played from its beginning to its end through a real graph. Costs are those of a conversation. The floor writes the text of each superstep alone. For a byte of content Holdfast stores ${ratio(stored("postgres"))} on Postgres and ${ratio(stored("redis"))} on Redis, the official saver ${ratio(stored("official"))}.`,
        [{ what: "a conversation", kind: "write", measured }],
      ),
    ],
    // The target is set for all of them: short ones have less content beside what a thread costs anyway.
    figures: run.quick
      ? {}
      : {
          "stored / content, conversations, Postgres": stored("postgres"),
          "stored / content, conversations, Redis": stored("redis"),
        },
  };
};
