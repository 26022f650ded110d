import { randomUUID } from "node:crypto";
import { type ErrorsWithoutValuesTarget, errorsWithoutValuesTests } from "@holdfast/adapter-tests";
import { freePort, type RedisServer, startRedis } from "@holdfast/test-servers";
import { Redis } from "ioredis";
import { afterAll } from "vitest";
import { keysUnder, onServer } from "./keyspace.js";
import { retentionTarget } from "./retention-target.js";
import { partsOfStoreUrl, storeUrl } from "./store-url.js";

type Fault = ErrorsWithoutValuesTarget["faults"][string];

const servers: RedisServer[] = [];
afterAll(async () => void (await Promise.all(servers.map((server) => server.stop()))));

async function start(settings: Record<string, string | string[]> = {}): Promise<string> {
  const server = await startRedis({ private: true, settings });
  servers.push(server);
  return server.url;
}

/** What one who may do everything does to the server, and takes back. */
function during(fail: (redis: Redis) => Promise<unknown>, mend: (redis: Redis) => Promise<unknown>): Fault {
  return async ({ url }) => {
    const { server } = partsOfStoreUrl(url);
    await onServer(server, fail);
    return { end: () => onServer(server, mend) };
  };
}

function setting(name: string, bad: string, good: string): Fault {
  return during(
    (redis) => redis.config("SET", name, bad),
    (redis) => redis.config("SET", name, good),
  );
}

function beforeEachRequest(work: (redis: Redis) => Promise<unknown>): Fault {
  return async ({ url }) => ({
    beforeEachRequest: () => onServer(partsOfStoreUrl(url).server, work),
    end: async () => undefined,
  });
}

errorsWithoutValuesTests({
  ...retentionTarget,
  async openStore() {
    return { url: storeUrl(await start(), randomUUID()), drop: async () => undefined };
  },
  faults: {
    "a server that is full (OOM)": setting("maxmemory", "1mb", "0"),
    "a server without its replicas (NOREPLICAS)": setting("min-replicas-to-write", "1", "0"),
    "what is too large for the server": setting("proto-max-bulk-len", "1mb", "512mb"),
    "a server that is a replica (READONLY)": async (store) => {
      const port = await freePort();
      return during(
        (redis) => redis.call("REPLICAOF", "127.0.0.1", port),
        (redis) => redis.call("REPLICAOF", "NO", "ONE"),
      )(store);
    },
    "a user without rights (NOPERM)": during(
      (redis) => redis.call("ACL", "SETUSER", "default", "-evalsha", "-eval"),
      (redis) => redis.call("ACL", "SETUSER", "default", "+@all"),
    ),
    "keys of another type (WRONGTYPE)": async ({ url }) => {
      const { server, keyPrefix } = partsOfStoreUrl(url);
      const keys = await keysUnder([server], keyPrefix);
      await onServer(server, (redis) => redis.mset(Object.fromEntries(keys.map((key) => [key, "another's"]))));
      return { end: async () => undefined };
    },
    "commands that the server does not know": async () => ({
      url: storeUrl(await start({ "rename-command": ['EVALSHA ""', 'EVAL ""'] }), randomUUID()),
      end: async () => undefined,
    }),
    "a script that is slow (BUSY)": async ({ url }) => {
      const { server } = partsOfStoreUrl(url);
      await onServer(server, (redis) => redis.config("SET", "busy-reply-threshold", "1"));
      let requests = 0;
      let running: Promise<unknown> | undefined;
      return {
        // Not before a client is connected: one that comes later is told that the server is not ready, and waits longer each time.
        async beforeEachRequest() {
          requests += 1;
          if (requests === 2) running = onServer(server, (redis) => redis.eval("while true do end", 0)).catch(() => undefined);
        },
        async end() {
          // Else the client would ask whether it is ready, and be told that it is busy.
          const redis = new Redis(server, { enableReadyCheck: false });
          await redis.script("KILL");
          redis.disconnect();
          await running;
        },
      };
    },
    "connections that are cut": beforeEachRequest((redis) => redis.call("CLIENT", "KILL", "TYPE", "normal")),
    "connections that are cut, and scripts that are forgotten (NOSCRIPT)": beforeEachRequest(async (redis) => {
      await redis.script("FLUSH");
      await redis.call("CLIENT", "KILL", "TYPE", "normal");
    }),
  },
});
