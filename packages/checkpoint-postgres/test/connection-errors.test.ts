import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { connectionErrorTests, failureOf, invalidOptionTests, retryBudgetTests } from "@holdfast/adapter-tests";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import type { TestDatabase } from "@holdfast/test-servers";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { closePooled, openPooled, poolOf } from "./pooled-savers.js";
import { queryRows } from "./rows.js";
import { databaseWithTables } from "./saver-database.js";

const SECRET = "s3cr3t-p4ssw0rd";
const ROLE = `holdfast_${randomBytes(6).toString("hex")}`;
const config = { configurable: { thread_id: "1" } };

let database: TestDatabase;
let server: URL;

beforeAll(async () => {
  database = await databaseWithTables();
  server = new URL(database.url);
  await queryRows(database.url, `create role ${ROLE} login password '${SECRET}'`);
});
afterAll(async () => {
  await queryRows(database.url, `drop role ${ROLE}`);
  await database?.drop();
});

function urlWith(change: (url: URL) => void): string {
  const url = new URL(server);
  change(url);
  return url.href;
}

const wrongPassword = (): string => urlWith((url) => (url.password = SECRET));
const nobodyListens = (): string => urlWith((url) => (url.port = "1"));

connectionErrorTests({
  connect: (url, options) => PostgresSaver.fromConnString(url, { ...options, connectTimeoutMs: 5_000 }),
  secret: SECRET,
  unreachable: {
    "a wrong password": wrongPassword,
    "an unknown user": () => urlWith((url) => ([url.username, url.password] = ["nobody-at-all", SECRET])),
    "a port where nobody listens": () => urlWith((url) => ([url.port, url.password] = ["1", SECRET])),
    "a host that has no address": () => urlWith((url) => ([url.hostname, url.password] = ["no-such-host.invalid", SECRET])),
    "an unknown database": () =>
      urlWith((url) => ([url.pathname, url.username, url.password] = ["/no_such_database", ROLE, SECRET])),
  },
  notUrls: [
    `postgres://user:${SECRET}@host:port/db`,
    `postgres://user:${SECRET}@[/db`,
    `mysql://user:${SECRET}@host/db`,
    "",
    undefined,
    7,
  ],
  defaultPort: 5432,
});

retryBudgetTests({
  open: openPooled,
  close: closePooled,
  wrongPassword,
  nobodyListens,
  refusals: (saver) => poolOf(saver).refusals,
});

it("C-83 end() leaves a given pool open, and closes its own", async () => {
  const pool = new pg.Pool({ connectionString: database.url });
  const saver = new PostgresSaver(pool);
  await saver.getTuple(config);
  await saver.end();
  await saver.end();
  expect((await pool.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  await expect(saver.getTuple(config)).rejects.toMatchObject({ code: "HOLDFAST_SAVER_CLOSED" });
  await pool.end();
  const own = PostgresSaver.fromConnString(database.url);
  await own.getTuple(config);
  await own.end();
  await expect(own.setup()).rejects.toMatchObject({ code: "HOLDFAST_SAVER_CLOSED" });
  const backends = new pg.Client(database.url);
  await backends.connect();
  const { rows } = await backends.query(
    "select count(*)::int as others from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
  );
  expect(rows).toEqual([{ others: 0 }]);
  await backends.end();
});

it("however many savers share a pool, it has one listener of theirs", async () => {
  const pool = new pg.Pool({ connectionString: database.url });
  const before = pool.listenerCount("error");
  for (let saver = 0; saver < 11; saver += 1) await new PostgresSaver(pool).end();
  expect(pool.listenerCount("error")).toBe(before + 1);
  await pool.end();
});

invalidOptionTests({
  make: (options) => PostgresSaver.fromConnString(database.url, options),
  own: [
    { schema: "" },
    { schema: 7 },
    { shcema: "typo" },
    { createSchema: "no" },
    { statementTimeoutMs: 0 },
    { statementTimeoutMs: Number.NaN },
    { poolSize: 0 },
    { poolSize: 1.5 },
    { connectTimeoutMs: "fast" },
  ],
});

it("C-71 something that is no pool is refused when the saver is made", async () => {
  for (const pool of [undefined, null, {}, database.url]) {
    expect(await failureOf(async () => new PostgresSaver(pool as never)), inspect(pool, { depth: 0 })).toMatchObject({
      code: "HOLDFAST_INVALID_OPTIONS",
    });
  }
});
