import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import type { TestDatabase } from "@holdfast/test-servers";
import { type Checkpoint, uuid6 } from "@langchain/langgraph-checkpoint";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { databaseWithTables } from "./saver-database.js";

const STEPS = 24;

interface Prepared {
  readonly name: string;
  readonly parameters: number;
}

let database: TestDatabase;

beforeAll(async () => {
  database = await databaseWithTables();
});

afterAll(async () => {
  await database.drop();
});

/** Puts and reads some checkpoints over one connection. Returns what was read, and the statements that the connection then has. */
async function play(threadId: string, preparedStatements: boolean): Promise<{ read: unknown[]; statements: Prepared[] }> {
  const pool = new pg.Pool({ connectionString: database.url, max: 1 });
  const saver = new PostgresSaver(pool as never, undefined, { preparedStatements });
  const read: unknown[] = [];
  let config: Parameters<PostgresSaver["put"]>[0] = { configurable: { thread_id: threadId, checkpoint_ns: "" } };
  for (let step = 1; step <= STEPS; step += 1) {
    const checkpoint: Checkpoint = {
      v: 4,
      id: uuid6(step),
      ts: "2026-11-27T00:00:00.000Z",
      channel_values: { log: Array.from({ length: 10 * step }, (_, line) => `line ${line} of the log`) },
      channel_versions: { log: step },
      versions_seen: {},
    };
    config = await saver.put(config, checkpoint, { source: "loop", step, parents: {} }, { log: step });
    // Behind a special write each write has a row of its own: the statement has too many parameters for a name.
    const writes = Array.from({ length: 8 }, (_, n): [string, unknown] => [`channel-${n}`, step]);
    await saver.putWrites(config, [["__interrupt__", step], ...writes], "task");
    await saver.putWrites(config, [["log", "line"]], "task");
    const tuple = await saver.getTuple({ configurable: { thread_id: threadId } });
    read.push([tuple?.checkpoint.channel_values, tuple?.metadata, tuple?.pendingWrites]);
  }
  const { rows } = await pool.query<Prepared>(
    "select name, cardinality(parameter_types) as parameters from pg_prepared_statements",
  );
  await pool.end();
  return { read, statements: rows };
}

it("prepares a statement once per connection when told to, and reads the same", async () => {
  const plain = await play("plain", false);
  const prepared = await play("prepared", true);
  expect(prepared.read).toEqual(plain.read);
  expect(plain.statements).toEqual([]);
  expect(prepared.statements.length).toBeGreaterThan(2);
  // Not one for each execution.
  expect(prepared.statements.length).toBeLessThan(STEPS);
  expect(prepared.statements.every(({ name }) => name.startsWith("holdfast_"))).toBe(true);
  expect(Math.max(...prepared.statements.map(({ parameters }) => parameters))).toBeLessThanOrEqual(20);
});
