import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { killRedisClients, monitorRedis, type RedisMonitor, type RedisServer, startRedis } from "../src/index.js";

let server: RedisServer;
let client: Redis;
let monitor: RedisMonitor;

beforeAll(async () => {
  // Of its own: on a shared one, the commands of all others would be told, too.
  server = await startRedis({ private: true });
});
beforeEach(async () => {
  client = new Redis(server.url, { disableClientInfo: true });
  client.on("error", () => {});
  await client.ping();
  monitor = await monitorRedis(server.url);
});
afterEach(async () => {
  await monitor.stop();
  client.disconnect();
});
afterAll(() => server.stop());

test("tells commands once, in order, and whether a script called them", async () => {
  await client.set("a", "1");
  await client.eval("return redis.call('GET', KEYS[1])", 1, "a");
  await client.select(3);
  await client.get("b");
  const commands = await monitor.take();
  expect(commands.map(({ args, isFromScript, database }) => ({ args: args.join(" "), isFromScript, database }))).toEqual([
    { args: "set a 1", isFromScript: false, database: 0 },
    { args: "eval return redis.call('GET', KEYS[1]) 1 a", isFromScript: false, database: 0 },
    { args: "GET a", isFromScript: true, database: 0 },
    expect.objectContaining({ args: "select 3" }),
    { args: "get b", isFromScript: false, database: 3 },
  ]);
  const [first] = commands;
  expect(first?.client).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(commands.filter(({ isFromScript }) => !isFromScript).every((command) => command.client === first?.client)).toBe(true);
  expect(await monitor.take()).toEqual([]);
});

test("keeps every byte, and arguments that look like the end of one", async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
  const large = Buffer.alloc(1_000_000, '\xfe"\\', "latin1");
  await client.call("mset", '" "', bytes, "", "\\", "large", large);
  const [command] = await monitor.take();
  expect(command?.args.slice(0, 6)).toEqual(["mset", '" "', bytes.toString("latin1"), "", "\\", "large"]);
  expect(command?.args[6] === large.toString("latin1")).toBe(true);
});

test("a monitor whose connection ends says so, and does not call it silence", async () => {
  await killRedisClients(server.url);
  await expect(monitor.take()).rejects.toThrow();
});

test("a wrong password is an error", async () => {
  const wrong = new URL(server.url);
  wrong.password = "wrong";
  await expect(monitorRedis(wrong.href)).rejects.toThrow("WRONGPASS");
});
