import { at, checkpointOf, newerFormatTests, putWhole } from "@holdfast/adapter-tests";
import { expect, it } from "vitest";
import { contents, setFormat } from "./contents.js";
import { retentionTarget } from "./retention-target.js";
import { queryRows } from "./rows.js";

newerFormatTests({ ...retentionTarget, setFormat, contents });

it("C-85 a thread of a tenant is not seen by a saver without one, whose thread may have the same id", async () => {
  const store = await retentionTarget.openStore();
  const saver = retentionTarget.open(store.url, { retention: { keepLast: 1 } });
  const sql = (text: string) => queryRows<{ threads: number }>(store.url, text);
  await putWhole(saver, "shared", checkpointOf({ a: "of a tenant" }));
  await (await saver.acquireThread("shared")).handOver();
  await sql("update holdfast.thread set tenant = 7");
  const before = await sql("select r::text from holdfast.thread r");

  expect(await saver.getTuple(at("shared"))).toBeUndefined();
  for (const all of [saver.list({}), saver.listThreads(), saver.abandonedThreads()]) expect((await all.next()).done).toBe(true);
  await expect(saver.stats("shared")).rejects.toMatchObject({ code: "HOLDFAST_THREAD_NOT_FOUND" });
  await saver.sweep();
  await saver.deleteThread("shared");
  await putWhole(saver, "shared", checkpointOf({ a: "of nobody" }));
  expect((await saver.getTuple(at("shared")))?.checkpoint.channel_values).toEqual({ a: "of nobody" });
  await saver.deleteThread("shared");

  expect(await sql("select r::text from holdfast.thread r")).toEqual(before);
  await retentionTarget.close(saver);
  await store.drop();
});
