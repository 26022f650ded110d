import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { eventually, type RedisServer, startRedis, startTcpProxy, type TcpProxy } from "../src/index.js";

let server: RedisServer;
let proxy: TcpProxy;
/** Past the proxy, to see what the server has. */
let direct: Redis;
const clients: Redis[] = [];

function connect(url = proxy.url(server.url)): Redis {
  const client = new Redis(url, { maxRetriesPerRequest: 0, retryStrategy: () => null, disableClientInfo: true });
  client.on("error", () => {});
  clients.push(client);
  return client;
}

beforeAll(async () => {
  server = await startRedis({ private: true });
});
beforeEach(async () => {
  proxy = await startTcpProxy(server);
  direct = connect(server.url);
});
afterEach(async () => {
  await direct.flushall();
  for (const client of clients.splice(0)) client.disconnect();
  await proxy.stop();
});
afterAll(() => server.stop());

test("counts a pipeline as one round trip, and one command after the other as one each", async () => {
  const client = connect();
  await client.ping();
  const before = proxy.roundTrips;
  await client.pipeline().set("a", 1).incr("a").get("a").exec();
  expect(proxy.roundTrips - before).toBe(1);
  for (let n = 1; n <= 3; n++) await client.incr("a");
  expect(proxy.roundTrips - before).toBe(4);
  expect(await direct.get("a")).toBe("5");
});

test("cutAfterRequest: the server does it and the client does not learn of it, once", async () => {
  const client = connect();
  await client.set("a", 1);
  const fired = proxy.cutAfterRequest((bytes) => bytes.includes("incr"));
  expect(await client.get("a")).toBe("1");
  await expect(client.incr("a")).rejects.toThrow(/closed|ECONNRESET/);
  await fired;
  expect(await direct.get("a")).toBe("2");
  expect(await connect().incr("a")).toBe(3);
});

test("cutAfterRequest waits for a whole answer, of all commands of a pipeline, and of those before it", async () => {
  const client = connect();
  await client.ping();
  const fired = proxy.cutAfterRequest((bytes) => bytes.includes("append"));
  const earlier = client.blpop("nothing yet", 0).catch((error: Error) => error);
  await eventually("the server is at it", async () => (await direct.info("clients")).includes("blocked_clients:1"));
  const large = "x".repeat(3_000_000);
  const pipeline = client.pipeline().append("a", large).get("a").append("a", "y").exec();
  // Only now does the server come to what was sent after it.
  await direct.rpush("nothing yet", "something");
  const results = await pipeline.catch((error: Error) => error);
  await fired;
  expect(results instanceof Error || results?.every(([error]) => error !== null)).toBe(true);
  expect(await earlier).toBeInstanceOf(Error);
  expect(await direct.strlen("a")).toBe(3_000_001);
});

test("cutBeforeRequest: the server never gets the request", async () => {
  const client = connect();
  const fired = proxy.cutBeforeRequest((bytes) => bytes.includes("incr"));
  await client.set("a", 1);
  await expect(client.incr("a")).rejects.toThrow(/closed|ECONNRESET/);
  await fired;
  expect(await direct.get("a")).toBe("1");
});

test("in a black hole nothing gets through, and all of it does when it ends", async () => {
  const client = connect();
  await client.ping();
  proxy.blackhole();
  const up = proxy.bytesUp;
  const written = client.set("a", 1);
  await eventually("the client spoke", () => proxy.bytesUp > up);
  expect(await direct.get("a")).toBeNull();
  proxy.restore();
  expect(await written).toBe("OK");
});

test("what a connection carried when it was stranded arrives when it is delivered, behind what came by new ones", async () => {
  const [early, late] = [connect(), connect()];
  await late.ping();
  proxy.strand();
  const held = late.rpush("list", "held").catch(() => "left");
  // Its connection was made before, and is stranded with the other.
  early.disconnect();
  const fresh = connect();
  await fresh.rpush("list", "fresh");
  // As who has waited long enough; ioredis itself would wait for the other side.
  late.stream.destroy();
  await held;
  expect(await direct.lrange("list", 0, -1)).toEqual(["fresh"]);
  await proxy.deliver();
  expect(await direct.lrange("list", 0, -1)).toEqual(["fresh", "held"]);
});
