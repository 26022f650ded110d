import { exclusive, PostgresSaver } from "@holdfast/checkpoint-postgres";
import { RedisSaver } from "@holdfast/checkpoint-redis";
import { createDatabase, startPostgres, startRedis } from "@holdfast/test-servers";
import { inTurns, median, medianRatio } from "../measure.js";
import { ms, ratio } from "../report.js";
import type { Scenario } from "../scenario.js";
import { startChat } from "../turn.js";

/** What `exclusive` costs a turn when nobody else wants the thread. */
export const exclusiveRuns: Scenario = async ({ quick, progress }) => {
  const [postgres, redis] = await Promise.all([startPostgres({ private: true }), startRedis({ private: true })]);
  const database = await createDatabase(postgres.url);
  const savers = { Postgres: PostgresSaver.fromConnString(database.url), Redis: RedisSaver.fromUrl(redis.url) };
  await savers.Postgres.setup();
  const rows: (string | number)[][] = [];
  for (const [store, saver] of Object.entries(savers)) {
    const times = await inTurns(
      { plain: startChat(saver, "plain").turn, exclusive: startChat(saver, "exclusive", (graph) => exclusive(graph)).turn },
      quick ? 60 : 200,
      10,
    );
    const cost = medianRatio(times.exclusive, times.plain);
    rows.push([store, ms(median(times.plain)), ms(median(times.exclusive)), ratio(cost)]);
    progress(`exclusive on ${store}: ${ratio(cost)}`);
    await saver.end();
  }
  await database.drop();
  await Promise.all([postgres.stop(), redis.stop()]);
  return [
    {
      title: "`exclusive`, uncontended",
      note: "The same chat as a plain graph and under `exclusive`, turn by turn in turns: one round trip to take the lease and one to release it.",
      columns: ["store", "plain turn, p50", "exclusive turn, p50", "ratio"],
      rows,
    },
  ];
};
