import { failureOf, surfaceTests } from "@holdfast/adapter-tests";
import * as entry from "@holdfast/checkpoint-postgres";
import { migrationSql, PostgresSaver } from "@holdfast/checkpoint-postgres";
import pg from "pg";
import { expect, it } from "vitest";
import { closePooled, openPooled } from "./pooled-savers.js";
import { queryRows } from "./rows.js";
import { databaseWithTables, emptyDatabase } from "./saver-database.js";

const NOBODY = "postgres://localhost:1/nobody";

surfaceTests({
  saver: "PostgresSaver",
  fromAddress: "PostgresSaver.fromConnString",
  entry,
  openStore: databaseWithTables,
  open: openPooled,
  close: closePooled,
  // A pool connects when it is asked for a client.
  construct: (...more) => new PostgresSaver(new pg.Pool({ connectionString: NOBODY }) as never, ...(more as [])),
  connect: (options) => PostgresSaver.fromConnString(NOBODY, options),
  nobodyListens: () => NOBODY,
  nested: [
    [{ retry: { budgetMs: 500 } }, "retry"],
    [{ retention: { idelFor: 1 } }, "retention"],
  ],
});

it("C-85 the options in the place of the serde are the saver's options", async () => {
  const database = await emptyDatabase();
  const pool = new pg.Pool({ connectionString: database.url });
  const saver = new PostgresSaver(pool, { schema: "agent_memory" });
  await saver.setup();
  expect(await queryRows(database.url, "select nspname from pg_namespace where nspname in ('agent_memory', 'holdfast')")).toEqual(
    [{ nspname: "agent_memory" }],
  );
  await pool.end();
  await database.drop();
});

it("C-59 a client in the place of the pool is refused before any I/O", async () => {
  for (const client of [new pg.Client(NOBODY), Object.create(pg.Client.prototype) as pg.Client]) {
    expect(await failureOf(async () => new PostgresSaver(client as never))).toMatchObject({
      code: "HOLDFAST_INVALID_OPTIONS",
      message: expect.stringContaining("pg.Pool") as string,
    });
  }
});

it.for<[options: object, message: RegExp]>([
  [{ shcema: "a" }, /option shcema of migrationSql\./],
  [{ from: 99 }, /from is 99/],
  [{ from: "1" }, /from is 1/],
  [{ createSchema: "no" }, /createSchema/],
])("C-59 migrationSql(%o) is refused", async ([options, message]) => {
  const error = await failureOf(async () => migrationSql(options));
  expect(error).toMatchObject({ code: "HOLDFAST_INVALID_OPTIONS", message: expect.stringMatching(message) as string });
});

it("C-59 options of a pool that the saver does not open are refused", async () => {
  const pool = new pg.Pool({ connectionString: NOBODY });
  expect(await failureOf(async () => new PostgresSaver(pool, { poolSize: 3 } as object))).toMatchObject({
    code: "HOLDFAST_INVALID_OPTIONS",
    message: expect.stringMatching(/option poolSize of PostgresSaver\./) as string,
  });
});
