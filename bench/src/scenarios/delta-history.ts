import { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { type Contender, inTurns, timeRatio, times } from "../measuring/in-turns.js";
import { median } from "../measuring/statistics.js";
import { ms, ratio } from "../report/table.js";
import type { Scenario } from "../scenario.js";
import { openLineup } from "../servers/lineup.js";
import { analyze } from "../servers/postgres-size.js";
import { CheckpointChain } from "../workloads/checkpoint-chain.js";
import { textOf } from "../workloads/conversations.js";

const ANCESTORS = 1_000;

/** What a delta channel is rebuilt from, over many ancestors: ours, and the walk of the base class on the same saver. */
export const deltaHistory: Scenario = async (run) => {
  const rounds = run.quick ? 1 : 3;
  const { savers } = await openLineup(run, { memory: false });
  const contenders: Partial<Record<string, Contender>> = {};
  const texts = textOf(3, 200);
  for (const [name, { url, saver, fresh, meter }] of Object.entries(savers)) {
    const chain = new CheckpointChain(saver, "deltas");
    for (let n = 0; n <= ANCESTORS; n += 1) {
      await chain.put({ text: texts() });
      if (n < ANCESTORS) await saver.putWrites(chain.config, [["delta", [texts()]]], `task ${n}`);
    }
    if (name !== "redis") await analyze(url);
    run.progress(`${name}: ${ANCESTORS} ancestors are there`);
    const request = { config: chain.config, channels: ["delta"] };
    const walk = BaseCheckpointSaver.prototype.getDeltaChannelHistory;
    contenders[`${name} walk`] = { meter, work: () => walk.call(fresh(), request) };
    // The official saver has none of its own.
    if (name !== "official") contenders[name] = { meter, work: () => fresh().getDeltaChannelHistory(request) };
  }
  const measured = await inTurns(contenders, rounds, 1);
  const against = (name: string): number => timeRatio(measured[name], measured[`${name} walk`]);
  const rows = (["postgres", "redis", "official"] as const)
    .filter((name) => savers[name] !== undefined)
    .map((name) => [
      { postgres: "Holdfast Postgres", redis: "Holdfast Redis", official: "official Postgres" }[name],
      ms(median(times(measured[name]))),
      ms(median(times(measured[`${name} walk`]))),
      ratio(against(name)),
    ]);
  run.progress(`Postgres ${ratio(against("postgres"))}, Redis ${ratio(against("redis"))} the walk`);
  return {
    tables: [
      {
        title: `The history of a delta channel over ${ANCESTORS.toLocaleString("en")} ancestors`,
        note: "`getDeltaChannelHistory` by a saver that never saw the thread, beside the walk of the base class, ancestor by ancestor, on the same saver. The official saver has the walk only. On Postgres after `ANALYZE`.",
        columns: ["saver", "its own", "the walk", "ratio"],
        rows,
      },
    ],
    figures: {
      "delta history / base walk, Postgres": against("postgres"),
      "delta history / base walk, Redis": against("redis"),
    },
  };
};
