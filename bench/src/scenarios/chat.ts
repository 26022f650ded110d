import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { RedisSaver } from "@holdfast/checkpoint-redis";
import { createDatabase, startPostgres, startRedis } from "@holdfast/test-servers";
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { PostgresSaver as OfficialSaver } from "@langchain/langgraph-checkpoint-postgres";
import { inTurns, median, medianRatio, quantile } from "../measure.js";
import { ms, ratio } from "../report.js";
import type { Scenario } from "../scenario.js";
import { startChat } from "../turn.js";

/** So many turns around a mark are looked at: one alone may have met a checkpoint of the server. */
const WINDOW = 20;

/** A chat that grows: the time of a turn by its number, ours beside the official saver and MemorySaver. */
export const chat: Scenario = async ({ quick, progress }) => {
  const marks = quick ? [20, 50, 100] : [100, 200, 400, 800];
  const [postgres, redis] = await Promise.all([startPostgres({ private: true }), startRedis({ private: true })]);
  const databases = await Promise.all([createDatabase(postgres.url), createDatabase(postgres.url)]);
  const [ours, official, onRedis] = [
    PostgresSaver.fromConnString(databases[0].url),
    OfficialSaver.fromConnString(databases[1].url),
    RedisSaver.fromUrl(redis.url),
  ];
  await Promise.all([ours.setup(), official.setup()]);
  const chats = {
    postgres: startChat(ours, "chat"),
    redis: startChat(onRedis, "chat"),
    official: startChat(official, "chat"),
    memory: startChat(new MemorySaver(), "chat"),
  };
  const turnsOf = (names: readonly (keyof typeof chats)[]): Record<string, () => Promise<void>> =>
    Object.fromEntries(names.map((name) => [name, chats[name].turn]));
  const rows: (string | number)[][] = [];
  let played = 0;
  for (const mark of marks) {
    // The official saver grows with the square of the turns: beyond 400 it would take most of the run.
    const contenders = turnsOf(mark > 400 ? ["postgres", "redis", "memory"] : ["postgres", "redis", "official", "memory"]);
    await inTurns(contenders, mark - WINDOW - played);
    const times = await inTurns(contenders, WINDOW);
    played = mark;
    const of = (name: keyof typeof chats): readonly number[] => times[name] ?? [];
    const against = (name: "postgres" | "redis", other: "official" | "memory"): string =>
      of(other).length === 0 ? "–" : ratio(medianRatio(of(name), of(other)));
    const both = (name: "postgres" | "redis"): string => `${ms(median(of(name)))} / ${ms(quantile(of(name), 0.99))}`;
    rows.push([
      mark,
      both("postgres"),
      both("redis"),
      against("postgres", "official"),
      against("postgres", "memory"),
      against("redis", "memory"),
    ]);
    progress(`turn ${mark}: Postgres ${rows.at(-1)?.slice(1).join(", ")}`);
  }
  await Promise.all([ours.end(), official.end(), onRedis.end()]);
  await Promise.all(databases.map((database) => database.drop()));
  await Promise.all([postgres.stop(), redis.stop()]);
  return [
    {
      title: "A chat that grows",
      note: `A turn of 300 + 1,000 + 200 characters through a real graph, durable on Postgres (fsync on). p50 / p99 of the ${WINDOW} turns before the mark; ratios are medians of the same turns. Redis keeps it in memory.`,
      columns: ["turn", "Postgres", "Redis", "Postgres / official", "Postgres / MemorySaver", "Redis / MemorySaver"],
      rows,
    },
  ];
};
