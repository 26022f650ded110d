import { access } from "node:fs/promises";
import { Client } from "pg";
import { afterEach, describe, expect, test, vi } from "vitest";
import { eventually, type PostgresServer, startPostgres } from "../src/index.js";
import { processState } from "../src/process-state.js";

const started: PostgresServer[] = [];

async function start(options: Parameters<typeof startPostgres>[0]): Promise<PostgresServer> {
  const server = await startPostgres(options);
  started.push(server);
  return server;
}

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(started.splice(0).map((server) => server.stop()));
});

async function query<Row extends Record<string, unknown>>(url: string, text: string): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

function isRunning(pid: number | undefined): Promise<boolean> {
  if (pid === undefined) throw new Error("the server has no process");
  return processState(pid).then((state) => state !== undefined);
}

describe.each(["local", "embedded"] as const)("a private server from %s binaries", (source) => {
  test("starts as asked, and stops without leaving anything", async () => {
    const server = await start({ source, settings: { work_mem: "7MB" } });
    const [row] = await query(
      server.url,
      `SELECT current_setting('server_version') AS version, current_setting('work_mem') AS work_mem,
              current_setting('max_connections') AS max_connections, current_setting('fsync') AS fsync,
              current_setting('server_encoding') AS encoding, current_setting('data_directory') AS folder,
              current_setting('port')::int AS port`,
    );
    expect(row).toMatchObject({ work_mem: "7MB", max_connections: "300", fsync: "on", encoding: "UTF8", port: server.port });
    expect(row?.version).toMatch(new RegExp(`^${server.version.replaceAll(".", "\\.")}\\b`));
    expect(server.source).toBe(source);
    const { pid } = server;
    await server.stop();
    expect(await isRunning(pid)).toBe(false);
    await expect(access(String(row?.folder))).rejects.toThrow("ENOENT");
  });

  test("keeps committed rows over a kill, on the same port", async () => {
    const server = await start({ source, durable: false });
    expect(await query(server.url, "SHOW fsync")).toEqual([{ fsync: "off" }]);
    await query(server.url, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n");
    const busy = new Client({ connectionString: server.url });
    busy.on("error", () => {});
    await busy.connect();
    const backend = (await busy.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")).rows[0]?.pid;
    await busy.query("BEGIN");
    await busy.query("INSERT INTO kept VALUES (-1)");
    // Busy, not waiting: a backend that waits would notice by itself that its server is gone.
    const looping = busy.query("DO $$ BEGIN LOOP END LOOP; END $$").catch((error: Error) => error);
    await eventually("the backend is in its loop", async () => {
      const rows = await query(server.url, `SELECT FROM pg_stat_activity WHERE pid = ${backend} AND query LIKE 'DO %'`);
      return rows.length === 1;
    });
    const { pid, url } = server;

    await server.kill();

    expect(await isRunning(pid)).toBe(false);
    expect(await isRunning(backend)).toBe(false);
    expect(server.pid).toBeUndefined();
    expect(await looping).toBeInstanceOf(Error);
    await expect(query(url, "SELECT 1")).rejects.toThrow("ECONNREFUSED");
    await server.start();
    expect(server.url).toBe(url);
    expect(await query(url, "SELECT count(*)::int, min(n) FROM kept")).toEqual([{ count: 1000, min: 1 }]);
  });
});

test("a private server checks the password", async () => {
  const server = await start({ private: true, durable: false });
  const wrong = new URL(server.url);
  wrong.password = "wrong";
  await expect(query(wrong.href, "SELECT 1")).rejects.toThrow("password authentication failed");
});

test("a setting that PostgreSQL refuses fails with the words of its log", async () => {
  await expect(startPostgres({ private: true, settings: { no_such_setting: "1" } })).rejects.toThrow(
    'unrecognized configuration parameter "no_such_setting"',
  );
});

test("a given port that is taken is an error, not another port", async () => {
  const first = await start({ private: true, durable: false });
  await expect(startPostgres({ private: true, port: first.port })).rejects.toThrow("Address already in use");
});

test("HOLDFAST_POSTGRES_URL is used as it is, and not killed", async () => {
  const own = await start({ private: true, durable: false });
  vi.stubEnv("HOLDFAST_POSTGRES_SOURCE", "");
  vi.stubEnv("HOLDFAST_POSTGRES_URL", own.url);
  const server = await start({});
  expect(server).toMatchObject({
    source: "url",
    url: own.url,
    host: own.host,
    port: own.port,
    user: own.user,
    password: own.password,
    version: own.version,
  });
  await expect(server.kill()).rejects.toThrow("not ours to kill");
  await expect(startPostgres({ settings: { work_mem: "7MB" } })).rejects.toThrow("startPostgres({ private: true })");
  await server.stop();
  expect(await query(own.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  expect((await start({ private: true })).source).not.toBe("url");
});

test("HOLDFAST_POSTGRES_URL of a server that is not there names host and port, and no password", async () => {
  vi.stubEnv("HOLDFAST_POSTGRES_SOURCE", "");
  vi.stubEnv("HOLDFAST_POSTGRES_URL", "postgres://someone:hunter2@127.0.0.1:1/postgres");
  const failure = await startPostgres().catch((error: Error) => error);
  expect(String(failure)).toContain("127.0.0.1:1");
  expect(String(failure)).not.toContain("hunter2");
});

test("a wrong HOLDFAST_POSTGRES_SOURCE is an error, not another source", async () => {
  vi.stubEnv("HOLDFAST_POSTGRES_SOURCE", "package");
  await expect(startPostgres()).rejects.toThrow('it can be "local" or "embedded"');
});
