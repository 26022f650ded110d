import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from "vitest";
import { createDatabase, eventually, startTcpProxy, type TcpProxy, type TestDatabase } from "../src/index.js";

let database: TestDatabase;
let proxy: TcpProxy;
/** Past the proxy, to see what the server has. */
let direct: Client;
const clients: Client[] = [];

async function connect(url = proxy.url(database.url)): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on("error", () => {});
  clients.push(client);
  await client.connect();
  return client;
}

async function rows(): Promise<number[]> {
  const result = await direct.query<{ n: number }>("SELECT n FROM seen ORDER BY n");
  return result.rows.map((row) => row.n);
}

beforeAll(async () => {
  database = await createDatabase(inject("holdfastPostgresUrl"));
});

beforeEach(async () => {
  const { hostname, port } = new URL(database.url);
  proxy = await startTcpProxy({ host: hostname, port: Number(port) });
  direct = await connect(database.url);
  await direct.query("CREATE TABLE seen (n int PRIMARY KEY)");
});

afterEach(async () => {
  // First the proxy: a test that failed may hold a lock behind it.
  await proxy.stop();
  await direct.query("DROP TABLE seen");
  await Promise.all(clients.splice(0).map((client) => client.end().catch(() => {})));
});

afterAll(() => database.drop());

test("passes everything on, large answers too, and counts", async () => {
  const client = await connect();
  expect(proxy.connections).toBe(1);
  const before = { up: proxy.bytesUp, down: proxy.bytesDown, trips: proxy.roundTrips };
  const { rows: answer } = await client.query<{ text: string }>("SELECT repeat('x', 3000000) || $1 AS text", [
    "y".repeat(1_000_000),
  ]);
  expect(answer[0]?.text.length).toBe(4_000_000);
  expect(proxy.bytesUp - before.up).toBeGreaterThan(1_000_000);
  expect(proxy.bytesDown - before.down).toBeGreaterThan(4_000_000);
  expect(proxy.roundTrips - before.trips).toBe(1);
  for (let n = 1; n <= 3; n++) await client.query("SELECT $1::int", [n]);
  expect(proxy.roundTrips - before.trips).toBe(4);
  await client.end();
  await eventually("the connection is gone", () => proxy.connections === 0);
});

test("delay makes each round trip longer, and 0 ends that", async () => {
  const client = await connect();
  proxy.delay(80);
  const start = performance.now();
  await client.query("SELECT 1");
  await client.query("SELECT 1");
  expect(performance.now() - start).toBeGreaterThanOrEqual(160);
  proxy.delay(0);
  await client.query("SELECT 1");
});

test("cut resets the connections on both sides; new ones work", async () => {
  const client = await connect();
  const backend = (await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")).rows[0]?.pid;
  const failed = new Promise<NodeJS.ErrnoException>((resolve) => client.once("error", resolve));
  proxy.cut();
  expect((await failed).code).toBe("ECONNRESET");
  await eventually("the backend is gone", async () => {
    const found = await direct.query("SELECT FROM pg_stat_activity WHERE pid = $1", [backend]);
    return found.rowCount === 0;
  });
  expect((await (await connect()).query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});

test("in a black hole nothing gets through in either direction, and the server does not learn of the client's end", async () => {
  const [writer, leaver] = await Promise.all([connect(), connect()]);
  await leaver.query("BEGIN");
  await leaver.query("INSERT INTO seen VALUES (1)");
  const asleep = writer.query("SELECT pg_sleep(0.05), 7 AS seven");
  const leaversBackend = (leaver as unknown as { processID: number }).processID;
  await eventually(
    "the server is at it",
    async () =>
      (await direct.query("SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(0.05)%' AND pid <> pg_backend_pid()"))
        .rowCount,
  );

  proxy.blackhole();
  const down = proxy.bytesDown;
  const newcomer = connect();
  await eventually("the answer arrived at the proxy", () => proxy.bytesDown > down);
  const settled = await Promise.race([asleep, newcomer, Promise.resolve("nothing got through")]);
  expect(settled).toBe("nothing got through");
  const up = proxy.bytesUp;
  const write = writer.query("INSERT INTO seen VALUES (2)");
  const ended = leaver.end();
  await eventually("the newcomer spoke", () => proxy.bytesUp > up);
  const held = await direct.query("SELECT state FROM pg_stat_activity WHERE pid = $1", [leaversBackend]);
  expect(held.rows).toEqual([{ state: "idle in transaction" }]);
  expect(await rows()).toEqual([]);

  proxy.restore();
  expect((await asleep).rows[0]).toMatchObject({ seven: 7 });
  await Promise.all([write, newcomer, ended]);
  expect(await rows()).toEqual([2]);
});

test("refuse refuses new connections and keeps the open ones; accept ends it on the same port", async () => {
  const client = await connect();
  proxy.refuse();
  await expect(connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  await proxy.accept();
  expect((await (await connect()).query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});

test("cutAfterRequest: the server commits and the client does not learn of it, once", async () => {
  const client = await connect();
  const fired = proxy.cutAfterRequest((bytes) => bytes.includes("COMMIT"));
  await client.query("BEGIN");
  await client.query("INSERT INTO seen VALUES (1)");
  await expect(client.query("COMMIT")).rejects.toThrow(/ECONNRESET|terminated/);
  await fired;
  expect(await rows()).toEqual([1]);
  const next = await connect();
  await next.query("BEGIN");
  await next.query("INSERT INTO seen VALUES (2)");
  await next.query("COMMIT");
  expect(await rows()).toEqual([1, 2]);
});

test("cutAfterRequest lets the whole request through, also one of megabytes with a match at its beginning", async () => {
  const client = await connect();
  const fired = proxy.cutAfterRequest((bytes) => bytes.includes("INSERT INTO seen"));
  const insert = client.query("INSERT INTO seen SELECT length($1) RETURNING n, repeat('x', 1000000)", ["x".repeat(5_000_000)]);
  await expect(insert).rejects.toThrow(/ECONNRESET|terminated/);
  await fired;
  expect(await rows()).toEqual([5_000_000]);
});

test("cutBeforeRequest: the server never gets the request", async () => {
  const client = await connect();
  const fired = proxy.cutBeforeRequest((bytes) => bytes.includes("INSERT INTO seen"));
  await client.query("SELECT 1");
  await expect(client.query("INSERT INTO seen VALUES (1)")).rejects.toThrow(/ECONNRESET|terminated/);
  await fired;
  expect(await rows()).toEqual([]);
});

test("endAfterRequest: the answer comes with the last words, and then the end", async () => {
  const client = await connect();
  const said: string[] = [];
  client.on("notice", ({ message }) => said.push(message ?? ""));
  const fields = Buffer.from("SNOTICE\0VNOTICE\0C00000\0Mlast words\0\0");
  const head = Buffer.from([0x4e, 0, 0, 0, fields.length + 4]);
  const over = new Promise((resolve) => client.once("end", resolve));
  const fired = proxy.endAfterRequest((bytes) => bytes.includes("AS one"), Buffer.concat([head, fields]));
  expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  await Promise.all([fired, over]);
  expect(said).toEqual(["last words"]);
});

test("a server that is not there is a reset, as behind a load balancer", async () => {
  const nowhere = await startTcpProxy({ host: "127.0.0.1", port: 1 });
  await expect(connect(nowhere.url(database.url))).rejects.toThrow(/ECONNRESET|terminated/);
  await nowhere.stop();
});
