import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { failureOf } from "@holdfast/adapter-tests";
import { RedisSaver } from "@holdfast/checkpoint-redis";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { put, read } from "./checkpoints.js";
import { onServer } from "./keyspace.js";
import { callSuites, redisConformance, sharedServer } from "./redis-conformance.js";

const USER = `holdfast-${randomUUID()}`;
const PASSWORD = "least";
const page = await readFile(new URL("../../../docs/operate/redis.md", import.meta.url), "utf8");
/** What the page gives a user, from its keys on. */
const RIGHTS = (/^ACL SETUSER holdfast on >password (.*)$/m.exec(page)?.[1] ?? "").split(" ");
/** Savers of the suite have prefixes of their own. */
const ANY_KEY = RIGHTS.map((right) => (right.startsWith("~") ? "~*" : right));

const allow = (user: string, rights: readonly string[]): Promise<unknown> =>
  onServer(inject("holdfastRedisUrl"), (redis) => redis.call("ACL", "SETUSER", user, "on", `>${PASSWORD}`, ...rights));

function asUser(url: string, username = USER): string {
  return Object.assign(new URL(url), { username, password: PASSWORD }).href;
}

beforeAll(async () => {
  await allow(USER, ANY_KEY);
});
afterAll(async () => {
  await onServer(inject("holdfastRedisUrl"), (redis) => redis.call("ACL", "DELUSER", USER));
});

const kind = sharedServer("a user with the least rights", (url, connectionName) => new Redis(asUser(url), { connectionName }));
redisConformance({
  ...kind,
  suites: callSuites,
  place: () => ({ kind: "server", url: asUser(inject("holdfastRedisUrl")) }),
});

it("C-80 a user who may do less than the page says fails in setup(), and is told what is missing", async () => {
  const commands = RIGHTS.filter((right) => right.startsWith("+") && !/^\+(ping|info|config|client)/.test(right));
  expect(commands.length).toBeGreaterThan(25);
  const user = `${USER}-less`;
  for (const missing of commands) {
    await allow(user, ["reset", "on", `>${PASSWORD}`, ...ANY_KEY, missing.replace("+", "-")]);
    const saver = RedisSaver.fromUrl(asUser(inject("holdfastRedisUrl"), user));
    // EVAL is asked for only where a server does not know the script.
    if (missing === "+eval") await onServer(inject("holdfastRedisUrl"), (redis) => redis.script("FLUSH"));
    expect(await failureOf(() => saver.setup()), missing).toMatchObject({
      code: "HOLDFAST_STORE_FAILURE",
      message: expect.stringMatching(/^setup: .*Give the user what is missing/),
    });
    await saver.end();
  }
  await onServer(inject("holdfastRedisUrl"), (redis) => redis.call("ACL", "DELUSER", user));
});

it("C-88 the keys of the page suffice, too", async () => {
  const user = `${USER}-keys`;
  await allow(user, RIGHTS);
  const saver = RedisSaver.fromUrl(asUser(inject("holdfastRedisUrl"), user));
  await saver.setup();
  const thread = randomUUID();
  await put(saver, thread);
  await (await saver.acquireThread(thread)).handOver();
  for await (const { lease } of saver.abandonedThreads()) await lease.release();
  await saver.copyThread(thread, `${thread}-copy`);
  await saver.prune([thread]);
  expect(await read(saver, thread)).toBeDefined();
  await saver.deleteThread(thread);
  await saver.deleteThread(`${thread}-copy`);
  await saver.end();
  await onServer(inject("holdfastRedisUrl"), (redis) => redis.call("ACL", "DELUSER", user));
});
