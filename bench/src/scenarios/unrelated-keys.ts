import type { RedisServer } from "@holdfast/test-servers";
import { Redis } from "ioredis";
import { inTurns, timeRatio, times } from "../measuring/in-turns.js";
import { median } from "../measuring/statistics.js";
import { ms, ratio } from "../report/table.js";
import type { Scenario } from "../scenario.js";
import { startRedisSaver } from "../servers/redis.js";
import { startChat } from "../workloads/play.js";

const KEYS = 1_000_000;

/** Made by the server itself; in parts, so that none blocks it for long. */
async function fill(server: RedisServer): Promise<void> {
  const redis = new Redis(server.url);
  const part = 10_000;
  const script = "for i = ARGV[1], ARGV[2] do redis.call('SET', 'unrelated:' .. i, 'x') end";
  for (let from = 0; from < KEYS; from += part) await redis.eval(script, 0, from, from + part - 1);
  await redis.quit();
}

/** A turn on a Redis with a million keys of others, beside one with none. */
export const unrelatedKeys: Scenario = async (run) => {
  if (!run.stores.includes("redis")) return { tables: [] };
  const [empty, full] = [await startRedisSaver(run.atEnd), await startRedisSaver(run.atEnd)];
  await fill(full.server);
  run.progress(`${KEYS} keys are there`);
  const measured = await inTurns(
    {
      empty: { meter: empty.meter, work: startChat(empty.saver, "chat").turn },
      full: { meter: full.meter, work: startChat(full.saver, "chat").turn },
    },
    run.quick ? 60 : 200,
    10,
  );
  const change = timeRatio(measured.full, measured.empty);
  run.progress(`with ${KEYS} unrelated keys a turn takes ${ratio(change)}`);
  return {
    tables: [
      {
        title: "Redis: a turn beside a million unrelated keys",
        note: "The same chat, alternating turn by turn, on an empty server and on one with 1,000,000 unrelated keys.",
        columns: ["", "p50 of a turn", "ratio"],
        rows: [
          ["no other keys", ms(median(times(measured.empty))), "1"],
          ["1,000,000 other keys", ms(median(times(measured.full))), ratio(change)],
        ],
      },
    ],
    figures: { "unrelated keys": change },
  };
};
