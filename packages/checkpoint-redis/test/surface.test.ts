import { randomUUID } from "node:crypto";
import { failureOf, surfaceTests } from "@holdfast/adapter-tests";
import * as entry from "@holdfast/checkpoint-redis";
import { RedisSaver } from "@holdfast/checkpoint-redis";
import { Redis } from "ioredis";
import { expect, inject, it } from "vitest";
import { put } from "./checkpoints.js";
import { closeCounted, openCounted } from "./counted-savers.js";
import { keysUnder } from "./keyspace.js";
import { newStore } from "./redis-target.js";
import { storeUrl } from "./store-url.js";

const NOBODY = "redis://localhost:1/0";
const idle = (): Redis => new Redis(NOBODY, { lazyConnect: true });

surfaceTests({
  saver: "RedisSaver",
  fromAddress: "RedisSaver.fromUrl",
  entry,
  openStore: newStore,
  open: openCounted,
  close: closeCounted,
  construct: (...more) => new RedisSaver(idle(), ...(more as [])),
  connect: (options) => RedisSaver.fromUrl(NOBODY, options),
  nobodyListens: () => storeUrl(NOBODY, "unused"),
  nested: [
    [{ retry: { budgetMs: 500 } }, "retry"],
    [{ retention: { idelFor: 1 } }, "retention"],
    [{ ttl: { defaultTtl: 1 } }, "ttl"],
    [{ durability: { replcas: 1 } }, "durability"],
  ],
});

it("C-85 the options behind a serde are the saver's options", async () => {
  const server = inject("holdfastRedisUrl");
  const client = new Redis(server);
  for (const args of [[undefined], []]) {
    const keyPrefix = randomUUID();
    const saver = new RedisSaver(client, ...(args as []), { keyPrefix });
    await put(saver, "1");
    const keys = await keysUnder([server], keyPrefix);
    expect(keys.length).toBeGreaterThan(0);
    await client.unlink(keys);
  }
  client.disconnect();
});

it("C-59 times to live in the place where the official saver has them are refused, with the place where they belong", async () => {
  for (const make of [
    (options: object) => new RedisSaver(idle(), options),
    (options: object) => RedisSaver.fromUrl(NOBODY, options),
  ]) {
    expect(await failureOf(async () => make({ defaultTTL: 60, refreshOnRead: true }))).toMatchObject({
      code: "HOLDFAST_INVALID_OPTIONS",
      message: expect.stringContaining("ttl: {") as string,
    });
  }
});
