import { at, checkpointOf, problemsIn, putWhole, verifyTests } from "@holdfast/adapter-tests";
import { expect, it } from "vitest";
import { contents, setFormat } from "./contents.js";
import { openPooled } from "./pooled-savers.js";
import { retentionTarget } from "./retention-target.js";
import { rewriteRows } from "./rewrite-rows.js";
import { queryRows } from "./rows.js";

const ofThread = (table: string): string =>
  `using holdfast.thread th where th.thread_key = ${table}.thread_key and th.thread_id = $1`;

verifyTests({
  ...retentionTarget,
  rewrite: rewriteRows,
  setFormat,
  contents,
  openWith: (url, serde) => openPooled(url, {}, serde),
  dropSegments: (url, thread) => queryRows(url, `delete from holdfast.segment ${ofThread("segment")}`, [thread]),
  loseCheckpoint: (url, thread, checkpointId) =>
    queryRows(
      url,
      `delete from holdfast.checkpoint ${ofThread("checkpoint")} and checkpoint_id = decode(replace($2, '-', ''), 'hex')`,
      [thread, checkpointId],
    ),
});

it("C-29 sequences that are behind the rows, as after a logical failover, are named for each thread", async () => {
  const store = await retentionTarget.openStore();
  const saver = retentionTarget.open(store.url);
  const checkpoint = checkpointOf({ a: 1 });
  await putWhole(saver, "thread", checkpoint);
  await saver.putWrites(at("thread", checkpoint.id), [["a", 2]], "task");
  await queryRows(store.url, "alter sequence holdfast.commit_order restart");
  const report = await saver.verify();
  expect(problemsIn(report)).toEqual([{ kind: "index", threadId: "thread" }]);
  expect(report.problems[0]?.message).toContain("commit_order");
  await queryRows(store.url, "select setval('holdfast.commit_order', 100), setval('holdfast.write_arrival', 1, false)");
  expect((await saver.verify("thread")).problems).toMatchObject([
    { kind: "index", message: expect.stringContaining("write_arrival") },
  ]);
  await retentionTarget.close(saver);
  await store.drop();
});

it("C-29 rows that say what no code expects are damaged, and the other threads are looked at", async () => {
  const store = await retentionTarget.openStore();
  const saver = retentionTarget.open(store.url);
  for (const thread of ["damaged", "other"]) {
    const checkpoint = checkpointOf({ a: 1 });
    await putWhole(saver, thread, checkpoint);
    await saver.putWrites(at(thread, checkpoint.id), [["a", 2]], "task");
  }
  const [row] = await queryRows(store.url, "select thread_key from holdfast.thread where thread_id = 'damaged'");
  await queryRows(store.url, "update holdfast.pending_write set call = null, task_path = null where thread_key = $1", [
    row?.thread_key,
  ]);
  const report = await saver.verify();
  expect(problemsIn(report)).toMatchObject([{ kind: "damaged", threadId: "damaged", checkpointId: expect.any(String) }]);
  expect(report).toMatchObject({ threads: 2, checkpoints: 1, pendingWrites: 1 });
  await retentionTarget.close(saver);
  await store.drop();
});
