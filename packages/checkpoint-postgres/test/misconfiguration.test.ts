import { inspect } from "node:util";
import { failureOf } from "@holdfast/adapter-tests";
import { type ConnectionOptions, PostgresSaver } from "@holdfast/checkpoint-postgres";
import { eventually, startTlsProxy, TEST_CERTIFICATE, type TestDatabase, type TlsProxy } from "@holdfast/test-servers";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { queryRows } from "./rows.js";
import { databaseWithTables } from "./saver-database.js";

const config = { configurable: { thread_id: "1" } };

let database: TestDatabase;
let proxy: TlsProxy;

beforeAll(async () => {
  database = await databaseWithTables();
  const { hostname, port } = new URL(database.url);
  proxy = await startTlsProxy({ host: hostname, port: Number(port), asksFirst: true });
});
afterAll(async () => {
  await proxy?.stop();
  await database?.drop();
});

function urlWith(change: (url: URL) => void): string {
  const url = new URL(database.url);
  change(url);
  return url.href;
}

/** Through the proxy, which speaks TLS. */
const secure = (sslmode: string, host = "localhost"): string =>
  urlWith((url) => Object.assign(url, { hostname: host, port: String(proxy.port), search: `?sslmode=${sslmode}` }));

interface Misconfiguration {
  readonly url: () => string;
  readonly options?: ConnectionOptions;
  /** What the error says of what to change. */
  readonly remedy: RegExp;
}

const misconfigurations: Readonly<Record<string, Misconfiguration>> = {
  "a certificate that signed itself": { url: () => secure("verify-full"), remedy: /self-signed certificate.*ssl: \{ ca \}/ },
  "a certificate of another name": {
    url: () => secure("verify-full", "127.0.0.1"),
    options: { ssl: { ca: TEST_CERTIFICATE } },
    remedy: /altnames.*servername/,
  },
  "a server without TLS": {
    url: () => urlWith((url) => (url.search = "?sslmode=verify-full")),
    remedy: /does not support SSL.*sslmode/,
  },
  "a certificate for TLS that is none": {
    url: () => secure("verify-full"),
    options: { ssl: { cert: "none", key: "none" } },
    remedy: /keys and certificates in ssl/,
  },
  "no password": { url: () => urlWith((url) => (url.password = "")), remedy: /SASL.*Give a password/ },
  "a wrong password": { url: () => urlWith((url) => (url.password = "secret-and-wrong")), remedy: /28P01.*percent-encoded/ },
  "an unknown role": { url: () => urlWith((url) => (url.username = "nobody-at-all")), remedy: /28P01.*user/ },
  "an unknown database": {
    url: () => urlWith((url) => (url.pathname = "/no_such_database")),
    remedy: /3D000.*Create the database/,
  },
};

for (const [what, { url, options, remedy }] of Object.entries(misconfigurations)) {
  const operations = {
    "setup()": (saver: PostgresSaver) => saver.setup(),
    "getTuple()": (saver: PostgresSaver) => saver.getTuple(config),
    "ping()": (saver: PostgresSaver) => saver.ping(),
    "stats()": (saver: PostgresSaver) => saver.stats(),
  };
  it(`C-71 C-77 ${what}: one try, an error that says what to change, and no connection left open`, async () => {
    const saver = PostgresSaver.fromConnString(url(), {
      ...options,
      retry: { minDelayMs: 300_000, maxDelayMs: 300_000, maxElapsedMs: 600_000 },
    });
    for (const [name, operation] of Object.entries(operations)) {
      const error = await failureOf(() => operation(saver));
      expect(error, name).toMatchObject({ code: "HOLDFAST_STORE_UNAVAILABLE", message: expect.stringMatching(remedy) });
      expect(error.message).toMatch(new RegExp(`^${name.slice(0, -2)}: .*:${new URL(url()).port}`));
      expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/secret-and-wrong/);
    }
    await saver.end();
    await eventually("the proxy has no connection", () => proxy.connections === 0);
  });
}

it("C-77 with the certificate of its authority, or none to be checked, a server with TLS is used", async () => {
  const saver = PostgresSaver.fromConnString(secure("verify-full"), { ssl: { ca: TEST_CERTIFICATE } });
  expect(await saver.getTuple(config)).toBeUndefined();
  await saver.end();
  const unchecked = PostgresSaver.fromConnString(secure("disable"), { ssl: { rejectUnauthorized: false } });
  expect(await unchecked.getTuple(config)).toBeUndefined();
  await unchecked.end();
});

it("C-77 a pool of the user's that has no password leaves no connection waiting for one", async () => {
  const { hostname, port, username, pathname } = new URL(database.url);
  const pool = new pg.Pool({ host: hostname, port: Number(port), user: username, database: pathname.slice(1) });
  const saver = new PostgresSaver(pool);
  await Promise.all(Array.from({ length: 30 }, () => failureOf(() => saver.getTuple(config))));
  const waiting = async (): Promise<unknown> =>
    (
      await queryRows(
        inject("holdfastPostgresUrl"),
        "select count(*) as n from pg_stat_activity where state is null and backend_type = 'client backend'",
      )
    )[0];
  await eventually("none is left", async () => JSON.stringify(await waiting()) === '{"n":"0"}');
  await pool.end();
});

it("C-70 C-71 a pool of which all connections are in use says so in the error, and is asked again until one is free", async () => {
  const pool = new pg.Pool({ connectionString: database.url, max: 2, connectionTimeoutMillis: 1_000 });
  const held = await Promise.all([pool.connect(), pool.connect()]);
  const impatient = new PostgresSaver(pool, undefined, { retry: { maxAttempts: 2, minDelayMs: 1 } });
  expect(await failureOf(() => impatient.getTuple(config))).toMatchObject({
    code: "HOLDFAST_STORE_UNAVAILABLE",
    message: expect.stringMatching(/^getTuple: .*the pool's 2 connections were all in use for \d+ ms/),
  });
  const patient = new PostgresSaver(pool, undefined, { retry: { maxDelayMs: 50 } });
  const reading = patient.getTuple(config);
  for (const client of held) client.release();
  expect(await reading).toBeUndefined();
  await pool.end();
});

it("C-71 C-76 a pool that sets no limit is not waited for longer than a try lasts, nor when the signal aborts", async () => {
  const pool = new pg.Pool({ connectionString: database.url, max: 1 });
  const saver = new PostgresSaver(pool, undefined, { statementTimeoutMs: 100, retry: { maxAttempts: 2, minDelayMs: 1 } });
  await saver.getTuple(config);
  const held = await pool.connect();
  expect((await failureOf(() => saver.getTuple(config))).message).toContain("the pool's 1 connections were all in use");
  const patient = new PostgresSaver(pool);
  const controller = new AbortController();
  const ending = failureOf(() => patient.getTuple({ ...config, signal: controller.signal }));
  await eventually("it waits", () => pool.waitingCount > 0);
  const reason = new Error("nobody waits any more");
  controller.abort(reason);
  expect(await ending).toBe(reason);
  held.release();
  await eventually("what it asked for is given back", () => pool.idleCount === 1 && pool.waitingCount === 0);
  await pool.end();
});
