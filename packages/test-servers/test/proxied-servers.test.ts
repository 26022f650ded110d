import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { eventually, type ProxiedServers, startProxiedServers } from "../src/index.js";

const { hostname, port, username, password } = new URL(inject("holdfastRedisUrl"));
const KEY = randomUUID();
let network: ProxiedServers;
let redis: Redis;
/** Past the network, to see what the server has. */
let direct: Redis;

beforeAll(async () => {
  network = await startProxiedServers([{ host: hostname, port: Number(port) }]);
  const access = { username, password, retryStrategy: () => 10, autoResendUnfulfilledCommands: false };
  redis = new Redis({ ...access, ...network.natMap[`${hostname}:${port}`], maxRetriesPerRequest: 0 });
  redis.on("error", () => {});
  direct = new Redis(inject("holdfastRedisUrl"));
});
afterAll(async () => {
  redis?.disconnect();
  await direct?.del(KEY);
  direct?.disconnect();
  await network?.stop();
});

const works = (): Promise<unknown> => eventually("the network is back", () => redis.ping());

test("cut ends all connections and lets none be made, until restore", async () => {
  await works();
  network.cut();
  await expect(redis.incr(KEY)).rejects.toThrow();
  await eventually("it is refused", () => redis.status !== "ready");
  await expect(redis.incr(KEY)).rejects.toThrow();
  await network.restore();
  await works();
  expect(await direct.exists(KEY)).toBe(0);
});

test("what was sent while the network lost everything is lost, after restore, too", async () => {
  await works();
  network.lose();
  const lost = redis.incr(KEY).catch(() => "lost");
  expect(await Promise.race([lost, direct.ping()])).toBe("PONG");
  await network.restore();
  expect(await lost).toBe("lost");
  await works();
  expect(await direct.exists(KEY)).toBe(0);
});
