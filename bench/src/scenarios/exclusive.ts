import { exclusive } from "@holdfast/checkpoint-postgres";
import { inTurns, timeRatio, times } from "../measuring/in-turns.js";
import { median } from "../measuring/statistics.js";
import { ms, ratio } from "../report/table.js";
import type { Scenario } from "../scenario.js";
import { openLineup } from "../servers/lineup.js";
import { startChat } from "../workloads/play.js";

/** What `exclusive` costs a turn when nobody else wants the thread. */
export const exclusiveRuns: Scenario = async (run) => {
  const { savers } = await openLineup(run, { memory: false });
  const rows: (string | number)[][] = [];
  const costs: Partial<Record<"postgres" | "redis", number>> = {};
  for (const name of ["postgres", "redis"] as const) {
    const opened = savers[name];
    if (opened === undefined) continue;
    const { saver, meter } = opened;
    const { plain, leased } = await inTurns(
      {
        plain: { meter, work: startChat(saver, "plain").turn },
        leased: { meter, work: startChat(saver, "exclusive", (graph) => exclusive(graph)).turn },
      },
      run.quick ? 60 : 200,
      10,
    );
    const cost = timeRatio(leased, plain);
    costs[name] = cost;
    rows.push([name === "postgres" ? "Postgres" : "Redis", ms(median(times(plain))), ms(median(times(leased))), ratio(cost)]);
    run.progress(`on ${name}: ${ratio(cost)}`);
  }
  return {
    tables: [
      {
        title: "`exclusive`, uncontended",
        note: "The same chat as a plain graph and under `exclusive`, alternating turn by turn: one round trip acquires the lease, and one releases it.",
        columns: ["store", "plain turn, p50", "exclusive turn, p50", "ratio"],
        rows,
      },
    ],
    figures: {
      ...(costs.postgres === undefined ? {} : { "exclusive / plain, Postgres": costs.postgres }),
      ...(costs.redis === undefined ? {} : { "exclusive / plain, Redis": costs.redis }),
    },
  };
};
