import { access, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterEach, beforeEach, expect, inject, test, vi } from "vitest";
import {
  eventually,
  flushRedisScripts,
  killRedisClients,
  type NodeChild,
  pauseRedisClients,
  type RedisServer,
  redisRole,
  spawnNode,
  startRedis,
  startRedisReplication,
  unpauseRedisClients,
} from "../src/index.js";
import { processState } from "../src/process-state.js";
import { findRedis } from "../src/resolve-redis.js";

const started: { stop(): Promise<void> }[] = [];
const clients: Redis[] = [];

async function start(options: Parameters<typeof startRedis>[0] = { private: true }): Promise<RedisServer> {
  const server = await startRedis(options);
  started.push(server);
  return server;
}

function connect(url: string): Redis {
  const client = new Redis(url, { maxRetriesPerRequest: 0, retryStrategy: () => null });
  client.on("error", () => {});
  clients.push(client);
  return client;
}

beforeEach(() => {
  vi.stubEnv("HOLDFAST_REDIS_URL", "");
  vi.stubEnv("HOLDFAST_TEST_SERVERS", "");
});

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const client of clients.splice(0)) client.disconnect();
  await Promise.all(started.splice(0).map((server) => server.stop()));
});

async function configured(client: Redis, name: string): Promise<string | undefined> {
  const [, value] = (await client.config("GET", name)) as [string, string];
  return value;
}

test("a private server starts as asked, and stops without leaving anything", async () => {
  const server = await start({
    private: true,
    settings: { "hash-max-listpack-entries": "7", "rename-command": ["DEBUG d", "KEYS k"] },
  });
  const client = connect(server.url);
  expect(await configured(client, "hash-max-listpack-entries")).toBe("7");
  expect(await configured(client, "appendonly")).toBe("no");
  expect(await configured(client, "save")).toBe("");
  expect(await configured(client, "maxmemory-policy")).toBe("noeviction");
  await expect(client.keys("*")).rejects.toThrow("unknown command");
  expect(await client.call("k", "*")).toEqual([]);
  expect(await client.info("server")).toContain(`process_id:${server.pid}\r\n`);
  expect(server).toMatchObject({ host: "127.0.0.1", version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
  const [folder, pid] = [await configured(client, "dir"), Number(server.pid)];
  await server.stop();
  expect(await processState(pid)).toBeUndefined();
  await expect(access(String(folder))).rejects.toThrow("ENOENT");
});

test("a private server checks the password, which no other word of its URL is like", async () => {
  const server = await start();
  const open = new URL(server.url);
  open.password = "";
  await expect(connect(open.href).get("a")).rejects.toThrow("NOAUTH");
  expect(server.url.split(server.password)).toHaveLength(2);
});

test("an append-only server keeps what it acknowledged over a kill, on the same port; another server does not", async () => {
  const [kept, lost] = await Promise.all([start({ private: true, appendOnly: true }), start()]);
  for (const server of [kept, lost]) {
    const { url, pid } = server;
    const client = connect(url);
    await Promise.all(Array.from({ length: 500 }, (_, n) => client.set(`key ${n}`, n)));
    await server.kill();
    expect(server.pid).toBeUndefined();
    expect(await processState(Number(pid))).toBeUndefined();
    await expect(connect(url).ping()).rejects.toThrow();
    await server.start();
    expect(server.url).toBe(url);
  }
  expect(await connect(kept.url).dbsize()).toBe(500);
  expect(await connect(lost.url).dbsize()).toBe(0);
});

test("a paused server takes commands and answers them when it is resumed", async () => {
  const server = await start();
  const client = connect(server.url);
  await client.set("a", 1);
  await server.pause();
  expect(await processState(Number(server.pid))).toBe("T");
  const asked = client.incr("a");
  await server.resume();
  expect(await asked).toBe(2);
  await server.pause();
  await server.kill();
  expect(server.pid).toBeUndefined();
});

test("a directive that Redis refuses fails with the words of its log", async () => {
  await expect(start({ private: true, settings: { "no-such-directive": "1" } })).rejects.toThrow("no-such-directive");
});

test("a given port that is taken is an error, not another port", async () => {
  const first = await start();
  await expect(start({ private: true, port: first.port })).rejects.toThrow("Address already in use");
});

test("a server is gone when its process is, however that ended", async () => {
  const parent: NodeChild = await spawnNode(new URL("./children/redis-parent.ts", import.meta.url));
  const pids = (await parent.nextMessage((message) => Array.isArray(message))) as number[];
  expect(await Promise.all(pids.map(processState))).not.toContain(undefined);
  await parent.kill("SIGKILL");
  await eventually("the servers are gone", async () =>
    (await Promise.all(pids.map(processState))).every((state) => state === undefined),
  );
});

test("replicas follow their master, and stay replicas without it", async () => {
  const group = await startRedisReplication({ replicas: 2 });
  started.push(group);
  const client = connect(group.master.url);
  await client.set("a", "written");
  expect(await client.wait(2, 5_000)).toBe(2);
  expect(await Promise.all(group.replicas.map(({ url }) => connect(url).get("a")))).toEqual(["written", "written"]);
  await group.master.kill();
  expect(await Promise.all(group.replicas.map(redisRole))).toEqual(["replica", "replica"]);
});

test("killRedisClients ends the connections of others", async () => {
  const server = await start();
  const client = connect(server.url);
  await client.ping();
  const closed = new Promise<void>((resolve) => client.once("close", resolve));
  expect(await killRedisClients(server.url)).toBe(1);
  await closed;
});

test("pauseRedisClients holds writes back, also those of scripts, until unpauseRedisClients", async () => {
  const server = await start();
  const [writer, reader] = [connect(server.url), connect(server.url)];
  await writer.ping();
  await pauseRedisClients(server.url, 60_000);
  const written = writer.eval("return redis.call('set', KEYS[1], '1')", 1, "a");
  await eventually("the write waits", async () => (await reader.info("clients")).includes("blocked_clients:1"));
  expect(await reader.get("a")).toBeNull();
  await unpauseRedisClients(server.url);
  await written;
  expect(await reader.get("a")).toBe("1");
});

test("flushRedisScripts makes the server forget scripts", async () => {
  const server = await start();
  const client = connect(server.url);
  const sha1 = String(await client.script("LOAD", "return 1"));
  expect(await client.evalsha(sha1, 0)).toBe(1);
  await flushRedisScripts(server.url);
  await expect(client.evalsha(sha1, 0)).rejects.toThrow("NOSCRIPT");
});

test("HOLDFAST_REDIS_URL is used as it is, and not killed", async () => {
  const own = await start();
  vi.stubEnv("HOLDFAST_REDIS_URL", own.url);
  const { url, host, port, password, version } = own;
  const server = await start({});
  expect(server).toMatchObject({ source: "url", url, host, port, password, version });
  for (const refused of [server.kill(), server.start(), server.pause()])
    await expect(refused).rejects.toThrow("not ours to kill");
  await expect(startRedis({ appendOnly: true })).rejects.toThrow("startRedis({ private: true })");
  await server.stop();
  expect(await connect(url).ping()).toBe("PONG");
  expect((await start()).source).not.toBe("url");
});

test("HOLDFAST_REDIS_URL of a server that is not there names host and port, and no password", async () => {
  vi.stubEnv("HOLDFAST_REDIS_URL", "redis://:hunter2@127.0.0.1:1");
  const failure = await startRedis().catch((error: Error) => error);
  expect(String(failure)).toContain("127.0.0.1:1");
  expect(String((failure as Error).cause)).toContain("ECONNREFUSED");
  expect(String(failure)).not.toContain("hunter2");
});

test("a server on PATH is found by either name", async () => {
  const found = await findRedis();
  const folder = await mkdtemp(join(tmpdir(), "holdfast-path-"));
  try {
    await symlink(found.path, join(folder, "valkey-server"));
    vi.stubEnv("PATH", folder);
    expect(await findRedis("local")).toEqual({ source: "local", path: join(folder, "valkey-server"), env: {} });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("without a server, the error says how to get one", async () => {
  await expect(findRedis("local", [])).rejects.toThrow(
    /^No local Redis server found.*apt-get install redis-server.*brew install redis.*HOLDFAST_TEST_SERVERS=containers.*HOLDFAST_REDIS_URL=/s,
  );
});

test("the run has a server that test files share", async () => {
  expect(await connect(inject("holdfastRedisUrl")).ping()).toBe("PONG");
});
