import { inTurns, timeRatio } from "../measuring/in-turns.js";
import { costTable, type MeasuredWork } from "../report/cost-table.js";
import { ratio } from "../report/table.js";
import type { Scenario } from "../scenario.js";
import { startDelayingProxy } from "../servers/delaying-proxy.js";
import { contendersOf, openLineup } from "../servers/lineup.js";
import { startChat } from "../workloads/play.js";

const LATENCIES = [
  { roundTripMs: 1, rounds: 60, quickRounds: 15 },
  { roundTripMs: 10, rounds: 20, quickRounds: 8 },
];

/** A turn when the server is far away: where round trips, not CPU, decide. */
export const latency: Scenario = async (run) => {
  const works: MeasuredWork[] = [];
  for (const { roundTripMs, rounds, quickRounds } of LATENCIES) {
    const route = (url: string): Promise<string> => startDelayingProxy(run.atEnd, url, roundTripMs);
    const contenders = await contendersOf(await openLineup(run, { route }), {
      saver: (saver) => startChat(saver, "chat").turn,
      floor: (floor) => () => floor.write(Buffer.alloc(1_500, "x")),
    });
    const measured = await inTurns(contenders, run.quick ? quickRounds : rounds, 5);
    works.push({ what: `${roundTripMs} ms`, kind: "write", measured });
    run.progress(`${roundTripMs} ms: Postgres ${ratio(timeRatio(measured.postgres, measured.official))} the official`);
  }
  return {
    tables: [
      costTable(
        "A server that is far away",
        "The first turns of the chat, through a proxy process that delays every request: a round trip takes at least that much longer. The floor, one `INSERT` or `SET` of the turn's text through the same proxy, shows how long it really takes; `MemorySaver` shows the time of the graph itself.",
        works,
      ),
    ],
    figures: { "turn at 1 ms / official": timeRatio(works[0]?.measured.postgres, works[0]?.measured.official) },
  };
};
