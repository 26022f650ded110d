import { randomUUID } from "node:crypto";
import { newerFormatTests } from "@holdfast/adapter-tests";
import { afterAll, expect, inject, it } from "vitest";
import { at, put, read } from "./checkpoints.js";
import { contents, setFormat } from "./contents.js";
import { closeCounted, openCounted } from "./counted-savers.js";
import { retentionTarget } from "./retention-target.js";
import { storeUrl } from "./store-url.js";

newerFormatTests({ ...retentionTarget, setFormat, contents });

const url = storeUrl(inject("holdfastRedisUrl"), randomUUID());
const saver = openCounted(url, { ttl: { defaultTTL: 60, refreshOnRead: true } });
afterAll(async () => closeCounted(saver));

it("C-82 C-86 the time of a thread in a higher format stays as it is", async () => {
  await put(saver, "thread");
  await setFormat(url, "thread", 2);
  const before = await contents(url);
  for (const run of [() => read(saver, "thread"), () => saver.persist("thread"), () => saver.getTuple(at("thread", "1"))]) {
    await expect(run()).rejects.toMatchObject({ code: "HOLDFAST_SCHEMA_TOO_NEW" });
  }
  expect(await contents(url)).toEqual(before);
});
