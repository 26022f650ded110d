import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { failureOf } from "@holdfast/adapter-tests";
import { RedisSaver } from "@holdfast/checkpoint-redis";
import { eventually, type RedisServer, startRedis, startTlsProxy, TEST_CERTIFICATE, type TlsProxy } from "@holdfast/test-servers";
import { Redis, type RedisOptions } from "ioredis";
import { Redis as Redis5, type RedisOptions as RedisOptions5 } from "ioredis5";
import { afterAll, beforeAll, expect, it } from "vitest";
import { onServer } from "./keyspace.js";

let server: RedisServer;
let proxy: TlsProxy;
let web: Server;

beforeAll(async () => {
  server = await startRedis({ private: true });
  proxy = await startTlsProxy({ host: server.host, port: server.port, asksFirst: false });
  web = createServer((_, response) => response.end("no Redis")).listen(0, "127.0.0.1");
  await onServer(server.url, (redis) =>
    redis.call("ACL", "SETUSER", "outsider", "on", ">outsider-password", "~elsewhere:*", "+@all"),
  );
});
afterAll(async () => {
  await proxy?.stop();
  web?.close();
  await server?.stop();
});

type Options = Omit<RedisOptions, "replyMapping">;

interface Misconfiguration {
  readonly options: () => Options;
  /** What the error says of what to change. */
  readonly remedy: RegExp;
  readonly code?: string;
}

const misconfigurations: Readonly<Record<string, Misconfiguration>> = {
  "a certificate that signed itself": {
    options: () => ({ host: "localhost", port: proxy.port, password: server.password, tls: {} }),
    remedy: /self-signed certificate.*tls: \{ ca \}/,
  },
  "a certificate of another name": {
    options: () => ({ host: "127.0.0.1", port: proxy.port, password: server.password, tls: { ca: TEST_CERTIFICATE } }),
    remedy: /altnames.*servername/,
  },
  "no password": { options: () => ({ host: server.host, port: server.port }), remedy: /NOAUTH.*Give a password/ },
  "a wrong password": {
    options: () => ({ host: server.host, port: server.port, password: "secret-and-wrong" }),
    remedy: /WRONGPASS.*percent-encoded/,
  },
  "an unknown user": {
    options: () => ({ host: server.host, port: server.port, username: "nobody", password: "secret-and-wrong" }),
    remedy: /WRONGPASS.*user/,
  },
  "a user without the rights": {
    options: () => ({ host: server.host, port: server.port, username: "outsider", password: "outsider-password" }),
    remedy: /NOPERM.*Give the user what is missing/,
    code: "HOLDFAST_STORE_FAILURE",
  },
  "a server that is none of Redis": {
    options: () => ({ host: "127.0.0.1", port: (web.address() as AddressInfo).port }),
    remedy: /does not speak Redis/,
  },
};

const PATIENT = { retry: { minDelayMs: 300_000, maxDelayMs: 300_000, maxElapsedMs: 600_000 } };
const clients: Readonly<Record<string, (options: Options) => { saver: RedisSaver; close(): void }>> = {
  "its own client": (options) => ({ saver: new RedisSaver(options, PATIENT), close: () => {} }),
  "a client that was given": (options) => given(new Redis({ ...options, maxRetriesPerRequest: null })),
  "one of ioredis 5": (options) => given(new Redis5({ ...(options as RedisOptions5), maxRetriesPerRequest: null })),
};

function quiet(client: Redis | Redis5): Redis | Redis5 {
  return client.on("error", () => {});
}

function given(client: Redis | Redis5): { saver: RedisSaver; close(): void } {
  return { saver: new RedisSaver(quiet(client), PATIENT), close: () => client.disconnect() };
}

for (const [what, { options, remedy, code = "HOLDFAST_STORE_UNAVAILABLE" }] of Object.entries(misconfigurations)) {
  for (const [whose, open] of Object.entries(clients)) {
    it(`C-71 C-77 ${what} (${whose}): an error at once that says what to change`, async () => {
      const { saver, close } = open(options());
      const operations = {
        getTuple: () => saver.getTuple({ configurable: { thread_id: "1" } }),
        stats: () => saver.stats(),
        deleteThread: () => saver.deleteThread("1"),
      };
      for (const [name, operation] of Object.entries(operations)) {
        const error = await failureOf(operation);
        expect(error, name).toMatchObject({ code, message: expect.stringMatching(remedy) });
        expect(error.message).toMatch(new RegExp(`^${name}: .*:${options().port}`));
        expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/secret-and-wrong|outsider-password/);
      }
      await saver.end();
      close();
      await eventually("nothing is left open", () => proxy.connections === 0);
    });
  }
}

it("C-77 with the certificate of its authority, a server with TLS is used", async () => {
  const saver = new RedisSaver({ host: "localhost", port: proxy.port, password: server.password, tls: { ca: TEST_CERTIFICATE } });
  expect(await saver.getTuple({ configurable: { thread_id: "1" } })).toBeUndefined();
  await saver.end();
});

it("C-70 C-77 a server that has as many clients as it takes says so in the error, and is asked again until it has room", async () => {
  const full = await startRedis({ private: true, settings: { maxclients: "1" } });
  const { host, port, password } = full;
  const only = new Redis({ host, port, password });
  await only.ping();
  const options = { host, port, password };
  const settings = { ...options, maxRetriesPerRequest: 0, retryStrategy: () => null };
  const opened = [() => options, () => quiet(new Redis(settings)), () => quiet(new Redis5(settings))];
  // Often, since the moment decides whether a client first reads what the server says, or finds that it cannot write.
  for (let round = 0; round < 20; round += 1) {
    for (const open of opened) {
      const saver = new RedisSaver(open(), { retry: { maxAttempts: 1 } });
      expect(await failureOf(() => saver.getTuple({ configurable: { thread_id: "1" } }))).toMatchObject({
        code: "HOLDFAST_STORE_UNAVAILABLE",
        message: expect.stringContaining("max number of clients reached"),
      });
      await saver.end();
    }
  }
  const patient = new RedisSaver(options, { retry: { maxAttempts: 10_000, maxDelayMs: 20 } });
  const reading = patient.getTuple({ configurable: { thread_id: "1" } });
  only.disconnect();
  expect(await reading).toBeUndefined();
  await patient.end();
  await full.stop();
});

it("C-71 failed stats() and deleteForRuns() say their own names", async () => {
  const saver = new RedisSaver({ host: server.host, port: 1 }, { retry: { maxAttempts: 1 } });
  expect((await failureOf(() => saver.stats())).message).toMatch(/^stats: /);
  expect((await failureOf(() => saver.deleteForRuns(["1"]))).message).toMatch(/^deleteForRuns: /);
  await saver.end();
});
