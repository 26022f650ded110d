import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { eventually, type PostgresServer, terminateBackends } from "@holdfast/test-servers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CountedPool } from "../counted-pool.js";
import { integerOf, seeded } from "../seeded.js";
import { runDisturbed } from "./disturbed-runs.js";
import { startServerWithTables } from "./private-database.js";

let server: PostgresServer;

beforeAll(async () => {
  server = await startServerWithTables();
});
afterAll(async () => server?.stop());

it(
  "C-70 runs go on through the end of every connection at 20 random moments",
  seeded(async (random) => {
    const pool = new CountedPool(server.url, 6);
    /** Right after the last time nobody may be connected yet. */
    const endConnections = async (): Promise<number> => {
      let count = 0;
      await eventually("somebody is connected", async () => {
        count = await terminateBackends(server.url);
        return count > 0 || over;
      });
      return count;
    };
    // One after the other: whoever ends connections is connected, too.
    let ended: Promise<number[]> = Promise.resolve([]);
    let over = false;
    let times = 0;
    let next = integerOf(random, 1, 50);
    await runDisturbed(new PostgresSaver(pool), 24, (tasks) => {
      if (tasks < next || times === 20) return;
      next = tasks + integerOf(random, 1, 45);
      times += 1;
      ended = ended.then(async (counts) => [...counts, await endConnections()]);
    });
    over = true;
    const counts = await ended;
    expect(counts.length, "times that connections were ended").toBe(20);
    // Ending connections takes as long as some runs do, so that the last times come too late.
    expect(counts.filter((count) => count > 0).length, "times that there were any").toBeGreaterThanOrEqual(5);
    await eventually("every client is given back", () => pool.lent === 0);
    await pool.end();
  }),
);

it("C-71 connections that end while nobody uses them, and in the hands of the one who uses them, end no process", async () => {
  const pool = new CountedPool(server.url, 4);
  const saver = new PostgresSaver(pool);
  const config = { configurable: { thread_id: "idle" } };
  for (let round = 0; round < 5; round += 1) {
    await Promise.all(Array.from({ length: 4 }, () => saver.getTuple(config)));
    expect(await terminateBackends(server.url), "connections that were ended").toBeGreaterThan(0);
    expect(await saver.getTuple(config)).toBeUndefined();
  }
  expect(pool.lent).toBe(0);
  await pool.end();
});
