import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { isHoldfastError, PostgresSaver } from "@holdfast/checkpoint-postgres";
import type { TestDatabase } from "@holdfast/test-servers";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CountedPool } from "./counted-pool.js";
import { queryRows } from "./rows.js";
import { databaseWithTables } from "./saver-database.js";

const SECRET = "s3cr3t-p4ssw0rd";
const ROLE = `holdfast_${randomBytes(6).toString("hex")}`;
const config = { configurable: { thread_id: "1" } };
const retry = { maxAttempts: 2, minDelayMs: 1 };

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

/** Everything of an error that a log may print. */
function printed(error: unknown): string {
  const parts = [inspect(error, { depth: 20, showHidden: true, getters: true }), JSON.stringify(error)];
  for (let each = error; each instanceof Error; each = each.cause)
    parts.push(each.message, each.stack ?? "", JSON.stringify(each));
  return parts.join("\n");
}

async function failureOf(action: () => Promise<unknown>): Promise<Error> {
  try {
    await action();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("It did not fail.");
}

function urlWith(change: (url: URL) => void): string {
  const url = new URL(server);
  change(url);
  return url.href;
}

const unreachable: Record<string, () => string> = {
  "a wrong password": () => urlWith((url) => (url.password = SECRET)),
  "an unknown user": () => urlWith((url) => ([url.username, url.password] = ["nobody-at-all", SECRET])),
  "a port where nobody listens": () => urlWith((url) => ([url.port, url.password] = ["1", SECRET])),
  "a host that has no address": () => urlWith((url) => ([url.hostname, url.password] = ["no-such-host.invalid", SECRET])),
  "an unknown database": () =>
    urlWith((url) => ([url.pathname, url.username, url.password] = ["/no_such_database", ROLE, SECRET])),
};

for (const [what, urlOf] of Object.entries(unreachable)) {
  it(`C-73 ${what}: the error names host and port, and no password`, async () => {
    const url = new URL(urlOf());
    const saver = PostgresSaver.fromConnString(url.href, { retry, connectTimeoutMs: 5_000 });
    for (const run of [() => saver.setup(), () => saver.getTuple(config), () => saver.deleteThread("1")]) {
      const error = await failureOf(run);
      expect(error).toMatchObject({ code: "HOLDFAST_STORE_UNAVAILABLE", cause: expect.any(Error) });
      expect(error.message).toContain(`${url.hostname}:${url.port || "5432"}`);
      expect(printed(error)).not.toContain(SECRET);
    }
    await saver.end();
  });
}

it("C-71 an error that no repetition mends is not repeated", async () => {
  const pool = new CountedPool(urlWith((url) => (url.password = SECRET)));
  const saver = new PostgresSaver(pool, undefined, { retry: { maxAttempts: 50 } });
  await failureOf(() => saver.getTuple(config));
  expect(pool.refusals).toBe(1);
  await pool.end();
});

it("C-71 one that a repetition may mend is tried as often as the budget says", async () => {
  const pool = new CountedPool(urlWith((url) => (url.port = "1")));
  const saver = new PostgresSaver(pool, undefined, { retry: { maxAttempts: 4, minDelayMs: 1 } });
  await failureOf(() => saver.getTuple(config));
  expect(pool.refusals).toBe(4);
  await pool.end();
});

for (const text of [
  `postgres://user:${SECRET}@host:port/db`,
  `postgres://user:${SECRET}@[/db`,
  `mysql://user:${SECRET}@host/db`,
  "",
  undefined,
  7,
]) {
  it(`C-73 a connection string that is none (${String(text).replace(SECRET, "…")}) is refused at once, without the password`, async () => {
    const error = await failureOf(async () => PostgresSaver.fromConnString(text as string));
    expect(error).toMatchObject({ code: "HOLDFAST_INVALID_OPTIONS" });
    expect(printed(error)).not.toContain(SECRET);
  });
}

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

it("C-71 end() ends the waits of operations that are being retried", async () => {
  const saver = PostgresSaver.fromConnString(
    urlWith((url) => (url.port = "1")),
    { retry: { maxAttempts: 1_000, maxElapsedMs: 600_000, minDelayMs: 300_000, maxDelayMs: 300_000 } },
  );
  const reading = failureOf(() => saver.getTuple(config));
  await saver.end();
  expect(isHoldfastError(await reading)).toBe(true);
});

const badOptions: readonly object[] = [
  { schema: "" },
  { schema: 7 },
  { shcema: "typo" },
  { createSchema: "no" },
  { statementTimeoutMs: 0 },
  { statementTimeoutMs: Number.NaN },
  { cacheBytes: -1 },
  { maxValueBytes: 0 },
  { maxValueBytes: 2 ** 40 },
  { poolSize: 0 },
  { poolSize: 1.5 },
  { connectTimeoutMs: "fast" },
  { retry: { maxAttempts: 0 } },
  { retry: { minDelayMs: -1 } },
  { retry: { maxElapsedMs: Number.POSITIVE_INFINITY } },
];

for (const options of badOptions) {
  it(`C-71 the options ${inspect(options)} are refused when the saver is made`, async () => {
    const error = await failureOf(async () => PostgresSaver.fromConnString(database.url, options));
    expect(error).toMatchObject({ code: "HOLDFAST_INVALID_OPTIONS" });
  });
}

it("C-71 something that is no pool is refused when the saver is made", async () => {
  for (const pool of [undefined, null, {}, database.url]) {
    expect(await failureOf(async () => new PostgresSaver(pool as never)), inspect(pool, { depth: 0 })).toMatchObject({
      code: "HOLDFAST_INVALID_OPTIONS",
    });
  }
});
