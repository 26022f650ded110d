import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RedisSentinel, redisRole, startRedisSentinel } from "../src/index.js";

let group: RedisSentinel;
let client: Redis;

beforeAll(async () => {
  group = await startRedisSentinel({ replicas: 1, sentinels: 3 });
  client = new Redis({ sentinels: [...group.sentinels], name: group.name, password: group.password, maxRetriesPerRequest: null });
  // The client tells when the master goes away; the test sees to that.
  client.on("error", () => {});
});

afterAll(async () => {
  client.disconnect();
  await group.stop();
});

test("the sentinels name the master, and put its replica in its place: when told to, and when it is killed", async () => {
  const first = await group.master();
  expect(first).toBe(group.servers[0]);
  await client.set("a", "survives");
  expect(await client.wait(1, 5_000)).toBe(1);

  expect(await group.failOver()).toBe(first);
  const second = await group.untilReplaced(first);
  expect(second).toBe(group.servers[1]);
  expect(await group.master()).toBe(second);
  expect(await client.get("a")).toBe("survives");
  await group.untilInSync();
  expect(await redisRole(first)).toBe("replica");

  expect(await group.killMaster()).toBe(second);
  expect(second.pid).toBeUndefined();
  const third = await group.untilReplaced(second);
  expect(third).toBe(first);
  expect(await client.get("a")).toBe("survives");
});

test("without most of the sentinels, nobody can say who is the master", async () => {
  await Promise.all(group.sentinelServers.slice(1).map((sentinel) => sentinel.kill()));
  await expect(group.master()).rejects.toThrow("do not agree");
});
