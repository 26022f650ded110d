import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
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
  "C-70 runs go on through two crashes of the server, five seconds down each",
  seeded(async (random) => {
    const pool = new CountedPool(server.url, 6);
    // Of 288 tasks.
    const moments = [integerOf(random, 20, 120), integerOf(random, 170, 250)];
    const crashes: Promise<void>[] = [];
    await runDisturbed(new PostgresSaver(pool), RUNS, (tasks) => {
      if (tasks === moments[crashes.length]) crashes.push(crashAndRecover(pool));
    });
    await Promise.all(crashes);
    expect(crashes.length).toBe(2);
    await eventually("every client is given back", () => pool.lent === 0);
    await pool.end();
  }),
);
