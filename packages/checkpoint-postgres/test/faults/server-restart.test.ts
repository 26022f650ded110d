import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { eventually, type PostgresServer } from "@holdfast/test-servers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CountedPool } from "../counted-pool.js";
import { integerOf, seeded } from "../seeded.js";
import { runDisturbed } from "./disturbed-runs.js";
import { startServerWithTables } from "./private-database.js";

const RUNS = 12;
const DOWN_MS = 5_000;

let server: PostgresServer;

beforeAll(async () => {
  server = await startServerWithTables();
});
afterAll(async () => server?.stop());

/** SIGKILL, and back after five seconds in which every run has tried in vain. */
async function crashAndRecover(pool: CountedPool): Promise<void> {
  await server.kill();
  const killedAt = performance.now();
  const refusals = pool.refusals;
  await eventually(
    "the server has been down for five seconds, and every run has noticed",
    () => performance.now() - killedAt > DOWN_MS && pool.refusals - refusals >= RUNS,
    { timeoutMs: 20_000 },
  );
  await server.start();
}

it(
  "C-70 runs go on through a crash of the server at a random moment, five seconds down",
  seeded(async (random) => {
    const pool = new CountedPool(server.url, 6);
    // Of 288 tasks.
    const moment = integerOf(random, 20, 250);
    let crash: Promise<void> | undefined;
    await runDisturbed(new PostgresSaver(pool), RUNS, (tasks) => {
      if (tasks === moment) crash = crashAndRecover(pool);
    });
    expect(crash, "the crash").toBeDefined();
    await crash;
    await eventually("every client is given back", () => pool.lent === 0);
    await pool.end();
  }),
);
