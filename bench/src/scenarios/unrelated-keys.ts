import { RedisSaver } from "@holdfast/checkpoint-redis";
import { type RedisServer, startRedis } from "@holdfast/test-servers";
import { Redis } from "ioredis";
import { inTurns, median, medianRatio } from "../measure.js";
import { ms, ratio } from "../report.js";
import type { Scenario } from "../scenario.js";
import { startChat } from "../turn.js";

async function fill(server: RedisServer, keys: number): Promise<void> {
  const redis = new Redis(server.url);
  // Made by the server itself; in parts, so that none blocks it for long.
  const part = 10_000;
  const script = "for i = ARGV[1], ARGV[2] do redis.call('SET', 'unrelated:' .. i, 'x') end";
  for (let from = 0; from < keys; from += part) await redis.eval(script, 0, from, from + part - 1);
  await redis.quit();
}

/** A turn on a Redis with a million keys of others, beside one with none. */
export const unrelatedKeys: Scenario = async ({ quick, progress }) => {
  const keys = 1_000_000;
  const [empty, full] = await Promise.all([startRedis({ private: true }), startRedis({ private: true })]);
  await fill(full, keys);
  progress(`${keys} keys`);
  const savers = [RedisSaver.fromUrl(empty.url), RedisSaver.fromUrl(full.url)] as const;
  const times = await inTurns(
    { empty: startChat(savers[0], "chat").turn, full: startChat(savers[1], "chat").turn },
    quick ? 60 : 200,
    10,
  );
  await Promise.all(savers.map((saver) => saver.end()));
  await Promise.all([empty.stop(), full.stop()]);
  const change = medianRatio(times.full, times.empty);
  progress(`with ${keys} unrelated keys a turn takes ${ratio(change)}`);
  return [
    {
      title: "Redis: a turn beside a million unrelated keys",
      note: "The same chat, turn by turn in turns, on a server of its own and on one with 1,000,000 keys of others.",
      columns: ["", "p50 of a turn", "ratio"],
      rows: [
        ["no other keys", ms(median(times.empty)), "1"],
        ["1,000,000 other keys", ms(median(times.full)), ratio(change)],
      ],
    },
  ];
};
