import { createHash } from "node:crypto";
import { RedisSaver } from "@holdfast/checkpoint-redis";
import { startRedis } from "@holdfast/test-servers";
import { Redis } from "ioredis";
import { ms } from "../report/table.js";
import type { Scenario } from "../scenario.js";

/** Text that does not compress. */
const line = (n: number): string => createHash("sha512").update(`${n}`).digest("base64").repeat(12).slice(0, 1_000);

/** How long the server itself is busy with the largest scripts. */
export const redisScripts: Scenario = async ({ quick, stores, progress, atEnd }) => {
  if (!stores.includes("redis")) return { tables: [] };
  const server = await startRedis({ private: true, settings: { "slowlog-log-slower-than": "0", "slowlog-max-len": "1000" } });
  atEnd(() => server.stop());
  const redis = new Redis(server.url);
  atEnd(() => redis.disconnect());
  const rows: (string | number)[][] = [];
  /** The slowest script of the saver while it does something. */
  const slowest = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    await redis.slowlog("RESET");
    await work();
    const log = (await redis.slowlog("GET", 1_000)) as [number, number, number, string[]][];
    const micros = log.filter(([, , , [command]]) => /^eval/i.test(command ?? "")).map(([, , took]) => took);
    rows.push([what, ms(Math.max(...micros) / 1_000), micros.length]);
    progress(`${what}: ${rows.at(-1)?.[1]}`);
  };
  const config = (thread: string, id?: string) => ({
    configurable: { thread_id: thread, checkpoint_ns: "", ...(id === undefined ? {} : { checkpoint_id: id }) },
  });
  const put = (
    saver: RedisSaver,
    thread: string,
    n: number,
    values: Record<string, unknown>,
    parent?: string,
  ): Promise<unknown> => {
    const versions = Object.fromEntries(Object.keys(values).map((channel) => [channel, n + 1]));
    const checkpoint = {
      v: 4,
      id: `${n}`,
      ts: "",
      channel_values: values,
      channel_versions: { ...versions, delta: n },
      versions_seen: {},
    };
    return saver.put(config(thread, parent), checkpoint, { source: "loop", step: n, parents: {} }, { ...versions, delta: n });
  };
  for (const megabytes of [1, 10, 60]) {
    const value = Array.from({ length: megabytes * 1_000 }, (_, n) => line(n));
    const [writer, reader] = [new RedisSaver(redis), new RedisSaver(redis)];
    await slowest(`put of a value of ${megabytes} MB`, () => put(writer, `${megabytes} MB`, 0, { value }));
    await slowest(`getTuple of it`, () => reader.getTuple(config(`${megabytes} MB`)));
    await writer.deleteThread(`${megabytes} MB`);
  }
  const length = quick ? 1_000 : 5_000;
  const saver = new RedisSaver(redis);
  for (let n = 0; n < length; n += 1) {
    await put(saver, "long", n, { text: line(n) }, n === 0 ? undefined : `${n - 1}`);
    await saver.putWrites(config("long", `${n}`), [["delta", [n]]], "task");
  }
  const all = async (options?: object): Promise<void> => {
    for await (const tuple of saver.list(config("long"), options)) void tuple;
  };
  await slowest(`put on a thread of ${length} checkpoints`, () => put(saver, "long", length, { text: "last" }, `${length - 1}`));
  await slowest("getTuple of its latest", () => saver.getTuple(config("long")));
  await slowest("list of all of them", () => all());
  await slowest("list with a filter that one matches", () => all({ filter: { step: 7 } }));
  await slowest("getDeltaChannelHistory over all of them", () =>
    saver.getDeltaChannelHistory({ config: config("long"), channels: ["delta"] }),
  );
  await slowest(`putWrites of ${length} tasks on one checkpoint`, () =>
    Promise.all(
      Array.from({ length }, (_, n) => saver.putWrites(config("wide", "0"), [["text", line(n).slice(0, 300)]], `task ${n}`)),
    ),
  );
  await slowest("copyThread of it", () => saver.copyThread("long", "copy"));
  await slowest("stats of it", () => saver.stats("long"));
  await slowest("a dry run of prune", () => saver.prune(["long"], { dryRun: true }));
  await slowest("prune of some of it: what is left takes pages to look through", () =>
    saver.prune(["long"], { keepLast: 0.9 * length }),
  );
  await slowest("prune of the copy to 1,000", () => saver.prune(["copy"], { keepLast: 1_000 }));
  await slowest("deleteForRuns that finds nothing", () => saver.deleteForRuns(["a run"]));
  await slowest("deleteThread of the long thread", () => saver.deleteThread("long"));
  return {
    tables: [
      {
        title: "Redis: the largest scripts",
        note: "How long the slowest script of an operation blocked the server, by its own clock (`SLOWLOG`). Memory is freed in the background (`UNLINK`).",
        columns: ["operation", "slowest script", "scripts"],
        rows,
      },
    ],
  };
};
