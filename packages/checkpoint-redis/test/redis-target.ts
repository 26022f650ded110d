import { randomUUID } from "node:crypto";
import type { AdapterTarget, TestStore } from "@holdfast/adapter-tests";
import { inject } from "vitest";
import { closeCounted, openCounted } from "./counted-savers.js";
import { keysUnder, onServer } from "./keyspace.js";
import { storeUrl } from "./store-url.js";

/** Keys of its own on the server that all tests share. */
export async function newStore(): Promise<TestStore> {
  const [server, keyPrefix] = [inject("holdfastRedisUrl"), randomUUID()];
  return {
    url: storeUrl(server, keyPrefix),
    async drop() {
      const keys = await keysUnder([server], keyPrefix);
      if (keys.length > 0) await onServer(server, (redis) => redis.unlink(keys));
    },
  };
}

/** This adapter, on the server that all tests share. */
export const redisTarget: AdapterTarget = {
  openStore: newStore,
  open: openCounted,
  close: closeCounted,
  children: new URL("./children/", import.meta.url),
};
