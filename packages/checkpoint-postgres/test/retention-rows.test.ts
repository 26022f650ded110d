import { eventually } from "@holdfast/test-servers";
import { type Checkpoint, uuid6 } from "@langchain/langgraph-checkpoint";
import { expect, it } from "vitest";
import { poolOf } from "./pooled-savers.js";
import {
  age,
  at,
  database,
  enlarge,
  GONE,
  hold,
  HOUR,
  listed,
  METADATA,
  open,
  putChain,
  record,
  rowsOf,
  shown,
  sql,
  waitingForLocks,
  useDatabase,
} from "./retention-database.js";
import { retentionTarget } from "./retention-target.js";
import { underneath } from "./underneath.js";

useDatabase();

it("C-52 of the checkpoints beyond keepLast, those that are older than maxAge go", async () => {
  const saver = open();
  const ids = await putChain(saver, "t", 6);
  await sql(
    "update holdfast.checkpoint set committed_at = committed_at - interval '2 hours' where commit_order < (select max(commit_order) - 1 from holdfast.checkpoint)",
  );
  expect(await saver.prune(["t"], { maxAge: 3 * HOUR })).toMatchObject({ checkpoints: 0 });
  expect(await saver.prune(["t"], { maxAge: HOUR })).toMatchObject({ checkpoints: 4 });
  expect(await shown(saver, "t")).toEqual(ids.slice(-2).reverse());
});

it("C-54 an end of a branch that is written to while it is about to be pruned stays", async () => {
  const saver = open();
  const ids = await putChain(saver, "t", 3);
  const end = uuid6(0);
  const fork: Checkpoint = { v: 4, id: end, ts: "", channel_values: {}, channel_versions: {}, versions_seen: {} };
  await saver.put(at("t", ids[0]), fork, METADATA, {});
  const newest = await putChain(saver, "t", 1);
  await saver.putWrites(at("t", newest[0]), [["last", "asked"]], "task");
  // It has looked at the thread, and waits for its row.
  const holder = await hold("select from holdfast.thread where thread_id = 't' for update");
  const pruning = saver.prune(["t"]);
  await waitingForLocks(1);
  await holder.query(
    `insert into holdfast.pending_write (thread_key, arrival, call, slot, checkpoint_ns, checkpoint_id, task_id, links, payload)
select thread_key, arrival, call, slot, checkpoint_ns, decode(replace('${end}', '-', ''), 'hex'), task_id, links, payload from holdfast.pending_write`,
  );
  await holder.query("commit");
  expect(await pruning).toMatchObject({ checkpoints: 3 });
  expect(await rowsOf("t")).toEqual([newest[0], end]);
});

it("C-53 a prune that dies between two of its statements leaves everything whole, and the next one goes on", async () => {
  const { saver: reader } = record();
  await putChain(reader, "large", 4);
  await enlarge(reader, "large", 2_500);
  const before = await rowsOf("large");
  const whole = async (): Promise<void> => {
    const after = await rowsOf("large");
    expect(after[0]).toBe(before[0]);
    expect(after).toEqual(before.filter((id) => after.includes(id)));
    expect((await underneath(database.url, "large")).orphans.filter((name) => name.startsWith("missing"))).toEqual([]);
  };
  let [sent, limit] = [0, 3];
  const { saver } = record(() => {
    sent += 1;
    if (sent > limit) throw new Error("the process dies here");
  });
  for (let isOver = false; !isOver; limit += 3) {
    sent = 0;
    isOver = await saver.prune(["large"]).then(
      () => true,
      (error: unknown) => {
        expect(error).toMatchObject({ code: "HOLDFAST_STORE_UNAVAILABLE" });
        return false;
      },
    );
    await whole();
  }
  expect(limit, "it died often").toBeGreaterThan(10);
  expect(await rowsOf("large")).toEqual(before.slice(0, 1));
  expect(await underneath(database.url, "large")).toMatchObject({ checkpoints: 1, orphans: [] });
});

it("C-56 idle threads are deleted, the others pruned; what a run writes late to a deleted one is refused", async () => {
  const saver = open({ retention: { idleFor: HOUR, keepLast: 2 } });
  const ids = await putChain(saver, "idle", 3);
  for (const thread of ["asked", "almost", "fresh"]) await putChain(saver, thread, 3);
  await saver.putWrites(at("asked", (await shown(saver, "asked"))[0]), [["__interrupt__", { value: "?" }]], "task");
  await age(HOUR, "idle", "asked");
  await age(HOUR / 2, "almost");
  const said = await saver.sweep({ dryRun: true });
  expect(said).toMatchObject({ threads: 4, deleted: 2, checkpoints: 8, seen: 4 });
  expect(await listed(saver)).toHaveLength(4);
  expect(await saver.sweep()).toEqual({ ...said, bytes: expect.any(Number) });
  expect((await listed(saver)).sort()).toEqual(["almost", "fresh"]);
  for (const thread of ["idle", "asked"]) expect(await underneath(database.url, thread)).toEqual(GONE);
  await expect(saver.putWrites(at("idle", ids[2]), [["last", 1]], "task")).rejects.toMatchObject({
    code: "HOLDFAST_THREAD_DELETED",
  });
});

it("C-56 a thread that was idle and is written to while it is swept is not deleted", async () => {
  const saver = open({ retention: { idleFor: HOUR } });
  const ids = await putChain(saver, "t", 2);
  await age(HOUR, "t");
  // The sweep has read the page, and waits for the thread.
  const writer = await hold("select from holdfast.thread where thread_id = 't' for update");
  const sweep = saver.sweep();
  await waitingForLocks(1);
  await writer.query("update holdfast.thread set updated_at = now() where thread_id = 't'; commit");
  expect(await sweep).toMatchObject({ threads: 0, deleted: 0, seen: 1, end: "done" });
  expect(await shown(saver, "t")).toEqual([...ids].reverse());
});

it("C-56 prune by age takes what was not written to for so long", async () => {
  const saver = open();
  for (const thread of ["guest 1", "guest 2", "user 1"]) await putChain(saver, thread, 3);
  await age(HOUR, "guest 1", "user 1");
  expect(await saver.prune({ olderThan: HOUR / 2, prefix: "guest" })).toMatchObject({ threads: 1, checkpoints: 2 });
  expect(await shown(saver, "guest 1")).toHaveLength(1);
  expect(await saver.prune({ olderThan: HOUR / 2 }, { strategy: "delete" })).toMatchObject({
    threads: 2,
    deleted: 2,
    checkpoints: 4,
  });
  expect(await listed(saver)).toEqual(["guest 2"]);
});

it("C-56 a sweeper that dies keeps others away until its claim has run out, and loses nothing", async () => {
  const [dying, next] = [open({ retention: { keepLast: 1 } }), open({ retention: { keepLast: 1 } })];
  const threads = Array.from({ length: 5 }, (_, n) => `thread ${n}`);
  const newest = await Promise.all(threads.map(async (thread) => (await putChain(dying, thread, 3)).at(-1)));
  let ended: Promise<void> | undefined;
  const onProgress = ({ seen }: { readonly seen: number }): void => {
    if (seen === 2) ended = dying.end();
  };
  await expect(dying.sweep({ batch: 1, onProgress })).rejects.toMatchObject({ code: "HOLDFAST_SAVER_CLOSED" });
  await ended;
  expect(await next.sweep()).toMatchObject({ seen: 0, end: "busy" });
  await retentionTarget.endSweepClaim(database.url);
  expect(await next.sweep()).toMatchObject({ threads: 3, checkpoints: 6, busy: [], end: "done" });
  for (const [n, thread] of threads.entries()) expect(await shown(next, thread)).toEqual([newest[n]]);
});

it("C-56 a sweeper that stalled for longer than its claim leaves the rest to the one that came", async () => {
  const [slow, next] = [open({ retention: { keepLast: 1 } }), open({ retention: { keepLast: 1 } })];
  for (const thread of ["a", "b", "c"]) await putChain(slow, thread, 3);
  const others: Promise<unknown>[] = [];
  // Its second thread keeps it waiting.
  const stalled = await hold("select from holdfast.thread where thread_id = 'b' for update");
  const sweep = slow.sweep({ batch: 1 });
  await eventually("the first thread is done", async () => (await shown(next, "a")).length === 1);
  await retentionTarget.endSweepClaim(database.url);
  others.push(next.sweep());
  await eventually("another one has the claim", async () => {
    const [row] = await sql<{ live: boolean }>("select claimed_until > clock_timestamp() as live from holdfast.sweeper");
    return row?.live;
  });
  await stalled.query("rollback");
  expect(await Promise.all(others)).toEqual([expect.objectContaining({ end: "done" })]);
  expect(await sweep).toMatchObject({ end: "aborted" });
  for (const thread of ["a", "b", "c"]) expect(await shown(next, thread)).toHaveLength(1);
});

it("C-56 threads that were not written to since the last sweep are passed over", async () => {
  const saver = open({ retention: { keepLast: 1 } });
  const statementsOf = async (): Promise<number> => {
    const before = poolOf(saver).statements;
    await saver.sweep();
    return poolOf(saver).statements - before;
  };
  await saver.sweep();
  const ofNone = await statementsOf();
  const threads = ["a", "b", "c", "d"];
  for (const thread of threads) await putChain(saver, thread, 2);
  await age(HOUR, ...threads);
  expect(await statementsOf()).toBeGreaterThan(ofNone + threads.length);
  expect(await statementsOf(), "nothing is asked of any thread").toBe(ofNone);
  await putChain(open(), "b", 2);
  expect(await saver.sweep()).toMatchObject({ threads: 1, checkpoints: 2, seen: 4 });
});

it("C-57 a huge thread is out of sight at once, and its rows go after that", async () => {
  const saver = open();
  await putChain(saver, "huge", 3);
  await putChain(saver, "other", 3);
  await enlarge(saver, "huge", 6_000);
  const [last] = await rowsOf("huge");
  // Somebody keeps its rows from going.
  const holder = await hold("select from holdfast.pending_write for update");
  let isOver = false;
  const deletion = saver.deleteThread("huge").finally(() => {
    isOver = true;
  });
  const other = open();
  await eventually("it is out of sight", async () => (await other.getTuple(at("huge"))) === undefined);
  expect(isOver).toBe(false);
  expect(await listed(other)).toEqual(["other"]);
  expect(await shown(other, "huge")).toEqual([]);
  await expect(other.stats("huge")).rejects.toMatchObject({ code: "HOLDFAST_THREAD_NOT_FOUND" });
  for (const by of [saver, other]) {
    await expect(by.putWrites(at("huge", last), [["last", 1]], "task")).rejects.toMatchObject({
      code: "HOLDFAST_THREAD_DELETED",
    });
  }
  const anew = await putChain(other, "huge", 2);
  await holder.query("rollback");
  await deletion;
  expect(await shown(saver, "huge"), "a thread that was begun anew meanwhile stays").toEqual([...anew].reverse());
  expect(await underneath(database.url, "huge")).toMatchObject({ checkpoints: 2, orphans: [] });
  expect(await sql("select count(*)::int as rows from holdfast.checkpoint")).toEqual([{ rows: 5 }]);
});

it("C-57 what a process that died has left of a huge thread goes with the next sweep", async () => {
  const { saver } = record(({ text }) => {
    if (text.includes("doomed")) throw new Error("the process dies here");
  });
  await putChain(saver, "huge", 3);
  await enlarge(saver, "huge", 6_000);
  await expect(saver.deleteThread("huge")).rejects.toMatchObject({ code: "HOLDFAST_STORE_UNAVAILABLE" });
  expect((await underneath(database.url, "huge")).orphans).toHaveLength(1);
  expect(await open().stats()).toMatchObject({ threads: 0 });
  expect(await open({ retention: { keepLast: 1 } }).sweep()).toMatchObject({ seen: 0, end: "done" });
  expect(await underneath(database.url, "huge")).toEqual(GONE);
  for (const table of ["thread", "checkpoint", "segment", "pending_write"]) {
    expect(await sql(`select from holdfast.${table}`), table).toHaveLength(0);
  }
});

it("C-58 what is put while a copy is made is not in it", async () => {
  const [saver, copier] = [open(), open()];
  const ids = await putChain(saver, "original", 3);
  // The copy has begun, and cannot write its first rows.
  const holder = await hold("lock table holdfast.segment in exclusive mode");
  const copying = copier.copyThread("original", "copy");
  await waitingForLocks(1);
  const late = { v: 4, id: uuid6(0), ts: "", channel_values: { a: 1 }, channel_versions: { a: 1 }, versions_seen: {} };
  await saver.put(at("original", ids[2]), late, METADATA, { a: 1 });
  await saver.putWrites(at("original", ids[2]), [["a", 1]], "task");
  await holder.query("rollback");
  expect(await copying).toEqual({ checkpoints: 3 });
  expect(await shown(saver, "copy")).toEqual([...ids].reverse());
  expect((await saver.getTuple(at("copy")))?.pendingWrites).toEqual([]);
  expect(await shown(saver, "original")).toHaveLength(4);
});
