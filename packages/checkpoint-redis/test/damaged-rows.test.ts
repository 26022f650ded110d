import { randomBytes, randomUUID } from "node:crypto";
import { damagedRowTests } from "@holdfast/adapter-tests";
import { expect, inject, it } from "vitest";
import { at, put, write } from "./checkpoints.js";
import { closeCounted, openCounted } from "./counted-savers.js";
import { onServer, threadKey } from "./keyspace.js";
import { redisTarget } from "./redis-target.js";
import { rewriteRows } from "./rewrite-rows.js";
import { storeUrl } from "./store-url.js";

damagedRowTests({ ...redisTarget, rewrite: rewriteRows });

it.for(["checkpoints", "writes", "segments"])(
  "C-68 with any byte of %s changed, what is read is right, or the error names it",
  async (part) => {
    const [server, keyPrefix] = [inject("holdfastRedisUrl"), randomUUID()];
    const saver = openCounted(storeUrl(server, keyPrefix), { cacheBytes: 0 });
    await put(saver, "thread", { value: randomBytes(400).toString("base64") });
    await write(saver, "thread");
    const whole = await saver.getTuple(at("thread"));
    const hash = threadKey(keyPrefix, "thread", part);
    const read = (): Promise<unknown> => saver.getTuple(at("thread")).catch((error: unknown) => error);
    await onServer(server, async (redis) => {
      for (const field of await redis.hkeysBuffer(hash)) {
        const row = (await redis.hgetBuffer(hash, field)) as Buffer;
        for (let offset = 0; offset < row.length; offset += 1) {
          const damaged = Buffer.from(row);
          damaged[offset] = (damaged[offset] as number) ^ (1 << (offset % 8));
          await redis.hset(hash, field, damaged);
          const found = await read();
          if (found instanceof Error)
            expect.soft(found, `byte ${offset} of ${row.length}`).toMatchObject({ threadId: "thread", checkpointId: "1" });
          else expect.soft(found, `byte ${offset} of ${row.length}`).toEqual(whole);
        }
        await redis.hset(hash, field, row);
      }
    });
    await closeCounted(saver);
  },
);
