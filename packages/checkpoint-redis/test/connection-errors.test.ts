import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { connectionErrorTests, failureOf, invalidOptionTests, printed, retryBudgetTests } from "@holdfast/adapter-tests";
import { RedisSaver } from "@holdfast/checkpoint-redis";
import { eventually } from "@holdfast/test-servers";
import { Cluster, Redis } from "ioredis";
import { Redis as Redis5 } from "ioredis5";
import { expect, inject, it } from "vitest";
import { put } from "./checkpoints.js";
import { askedBy, closeCounted, openCounted, openOn } from "./counted-savers.js";
import { keysUnder, onServer, threadKey } from "./keyspace.js";

const SECRET = "s3cr3t-p4ssw0rd";
const server = inject("holdfastRedisUrl");
const config = { configurable: { thread_id: "1" } };

function urlWith(change: (url: URL) => void): string {
  const url = new URL(server);
  url.password = SECRET;
  change(url);
  return url.href;
}

const wrongPassword = (): string => urlWith(() => {});
const nobodyListens = (): string => urlWith((url) => (url.port = "1"));

connectionErrorTests({
  connect: (url, options) => RedisSaver.fromUrl(url, options),
  secret: SECRET,
  unreachable: {
    "a wrong password": wrongPassword,
    "an unknown user": () => urlWith((url) => (url.username = "nobody-at-all")),
    "a port where nobody listens": nobodyListens,
    "a host that has no address": () => urlWith((url) => (url.hostname = "no-such-host.invalid")),
  },
  notUrls: [
    `redis://user:${SECRET}@host:port/0`,
    `redis://user:${SECRET}@[/0`,
    `redis://user:${SECRET}@host/zero`,
    `redis://user:${SECRET}@host/0?family=6`,
    `redis://:%E0%A4%A${SECRET}@host`,
    `postgres://user:${SECRET}@host/db`,
    `:${SECRET}@host`,
    "",
    undefined,
    7,
  ],
  defaultPort: 6379,
});

/** What a client of the user's own says of a server where it cannot get to. */
const clients = {
  "ioredis 5": (url: string) => new Redis5(url, { maxRetriesPerRequest: 0 }),
  "ioredis 6": (url: string) => new Redis(url, { maxRetriesPerRequest: 0 }),
  "ioredis 5 that has given up": (url: string) => new Redis5(url, { retryStrategy: () => null }),
  "a cluster": (url: string) => new Cluster([url], { clusterRetryStrategy: () => null }),
};
for (const [name, connect] of Object.entries(clients)) {
  for (const [what, urlOf] of Object.entries({
    "a wrong password": wrongPassword,
    "a port where nobody listens": nobodyListens,
  })) {
    it(`C-73 ${what}, by a client that was given (${name}): the error names host and port, and no password`, async () => {
      const saver = openOn(connect(urlOf()), { retry: { maxAttempts: 2, minDelayMs: 1 } });
      const error = await failureOf(() => saver.getTuple(config));
      expect(error).toMatchObject({ code: "HOLDFAST_STORE_UNAVAILABLE" });
      expect(error.message).toContain(`${new URL(server).hostname}:${new URL(urlOf()).port}`);
      expect(printed(error)).not.toContain(SECRET);
      await closeCounted(saver);
    });
  }
}

it("C-71 a database that the server does not have: an error that says so, and nothing in database 0, where ioredis goes on", async () => {
  const keyPrefix = randomUUID();
  const url = urlWith((each) => {
    each.password = new URL(server).password;
    each.pathname = "/9999";
  });
  const refused = {
    code: "HOLDFAST_STORE_FAILURE",
    message: expect.stringMatching(`${new URL(server).hostname}:${new URL(server).port}.* database 9999`),
  };
  const saver = RedisSaver.fromUrl(url, { keyPrefix });
  expect(await Promise.all(["1", "2"].map((id) => failureOf(() => put(saver, id))))).toMatchObject([refused, refused]);
  await expect(saver.setup()).rejects.toMatchObject(refused);
  expect(await keysUnder([server], keyPrefix)).toEqual([]);
  await saver.end();
  // It is not ours to see what a given client is told; setup() looks where it is.
  for (const client of [new Redis5(url), new Redis(url), new Redis(url, { protocol: 2 })]) {
    const given = openOn(client, { keyPrefix });
    await expect(given.setup()).rejects.toMatchObject(refused);
    await closeCounted(given);
  }
});

it("C-85 another database than the first is used where there is one", async () => {
  const saver = RedisSaver.fromUrl(urlWith((url) => Object.assign(url, { password: new URL(server).password, pathname: "/7" })));
  await saver.setup();
  await put(saver, "in database 7");
  expect(await keysUnder([server], "holdfast")).not.toContain(threadKey("holdfast", "in database 7", "thread"));
  await saver.deleteThread("in database 7");
  await saver.end();
});

retryBudgetTests({
  open: openCounted,
  close: closeCounted,
  wrongPassword,
  nobodyListens,
  refusals: (saver) => askedBy(saver).failures,
});

it("C-83 end() leaves a given client open, and closes its own", async () => {
  for (const client of [new Redis5(server), new Redis(server)]) {
    const saver = new RedisSaver(client);
    await saver.getTuple(config);
    await saver.end();
    await saver.end();
    expect(await client.ping()).toBe("PONG");
    await expect(saver.getTuple(config)).rejects.toMatchObject({ code: "HOLDFAST_SAVER_CLOSED" });
    client.disconnect();
  }
  const { hostname, port, password } = new URL(server);
  const name = randomUUID();
  const own = new RedisSaver({
    host: hostname,
    port: Number(port),
    password: decodeURIComponent(password),
    connectionName: name,
  });
  const connections = (): Promise<boolean> =>
    onServer(server, async (redis) => String(await redis.client("LIST")).includes(`name=${name}`));
  await own.getTuple(config);
  expect(await connections()).toBe(true);
  await own.end();
  await eventually("its connection is closed", async () => !(await connections()));
  await expect(own.setup()).rejects.toMatchObject({ code: "HOLDFAST_SAVER_CLOSED" });
});

it("C-83 end() of a saver that was never used, and of one that cannot connect, leaves nothing open", async () => {
  await RedisSaver.fromUrl(server).end();
  const saver = RedisSaver.fromUrl(nobodyListens(), { retry: { maxAttempts: 1 } });
  await failureOf(() => saver.getTuple(config));
  await saver.end();
});

invalidOptionTests({
  make: (options) => RedisSaver.fromUrl(server, options),
  own: [
    { keyPrefix: "" },
    { keyPrefix: 7 },
    { keyPrefix: "with {braces}" },
    { keyPrefix: "x".repeat(257) },
    { keyPrefix: "NUL\0" },
    { keyPerfix: "typo" },
    { ttl: { defaultTTL: -1 } },
    { ttl: { refreshOnRead: 1 } },
    { ttl: { defaultTtl: 1 } },
    { durability: { replicas: -1 } },
    { commandTimeoutMs: 0 },
    { commandTimeoutMs: Number.NaN },
    { onConflict: "merge" },
  ],
});

it("C-71 something that is neither a client nor the options of one is refused when the saver is made", async () => {
  for (const client of [undefined, null, server, 7, [], new Map(), () => {}]) {
    expect(await failureOf(async () => new RedisSaver(client as never)), inspect(client)).toMatchObject({
      code: "HOLDFAST_INVALID_OPTIONS",
    });
  }
});
