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
async function play(threadId: string, preparedStatements?: boolean): Promise<{ read: unknown[]; statements: Prepared[] }> {
  const pool = new pg.Pool({ connectionString: database.url, max: 1 });
  const saver = new PostgresSaver(pool as never, undefined, preparedStatements === undefined ? {} : { preparedStatements });
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

it("prepares a statement once per connection, unless told not to, and reads the same", async () => {
  const plain = await play("plain", false);
  const prepared = await play("prepared");
  expect(prepared.read).toEqual(plain.read);
  expect(plain.statements).toEqual([]);
  expect(prepared.statements.length).toBeGreaterThan(2);
  // Not one for each execution.
  expect(prepared.statements.length).toBeLessThan(STEPS);
  expect(prepared.statements.every(({ name }) => name.startsWith("holdfast_"))).toBe(true);
  expect(Math.max(...prepared.statements.map(({ parameters }) => parameters))).toBeLessThanOrEqual(21);
});

it.for([
  ["has lost them", "deallocate all", "26000"],
  // As if another client of the pooler had prepared them on this connection.
  ["has them already", undefined, "42P05"],
] as const)("goes on without names where a connection %s", async ([, disturbance, code]) => {
  const pool = new pg.Pool({ connectionString: database.url, max: 1 });
  const saver = new PostgresSaver(pool as never);
  const failures: unknown[] = [];
  pool.on("connect", (client) => {
    const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
    const observed = (...args: unknown[]): Promise<unknown> => {
      const answer = query(...args);
      answer?.catch?.((error: { code?: string }) => failures.push(error.code));
      return answer;
    };
    client.query = observed as never;
  });
  const config = { configurable: { thread_id: `names ${code}`, checkpoint_ns: "" } };
  const put = (step: number): Promise<unknown> =>
    saver.put(
      config,
      { v: 4, id: uuid6(step), ts: "", channel_values: { log: step }, channel_versions: { log: step }, versions_seen: {} },
      { source: "loop", step, parents: {} },
      { log: step },
    );
  const names = async (): Promise<number | null> =>
    (await pool.query("select from pg_prepared_statements where name like 'holdfast_%'")).rowCount;
  await put(1);
  await saver.getTuple(config);
  const before = await names();
  expect(before).toBeGreaterThan(1);
  if (disturbance !== undefined) await pool.query(disturbance);
  else {
    const client = await pool.connect();
    Object.assign((client as unknown as { connection: object }).connection, {
      parsedStatements: {},
      submittedNamedStatements: {},
    });
    client.release();
  }
  await Promise.all([put(2), put(3), saver.getTuple(config)]);
  expect(failures).toEqual([code]);
  // Those of statements that ran before the one that failed.
  const left = await names();
  await put(4);
  expect((await saver.getTuple(config))?.checkpoint.channel_values).toEqual({ log: 4 });
  expect(failures).toEqual([code]);
  expect(await names()).toBe(left);
  await pool.end();
});
