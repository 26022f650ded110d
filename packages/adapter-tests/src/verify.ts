import { HoldfastSerializer, type VerifyReport } from "@holdfast/checkpoint-core";
import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { describe, expect, it } from "vitest";
import type { DamagedRowsTarget } from "./damaged-rows.js";
import type { NewerFormatTarget } from "./newer-format.js";
import { at, checkpointOf, putWhole } from "./plain-checkpoints.js";
import { deltaGraph } from "./retention/graphs.js";
import { retentionStore } from "./retention/retention-store.js";
import type { KeepingSaver, RetentionTarget } from "./retention/target.js";
import { integerOf, seededRandom } from "./seeded.js";

export interface VerifyTarget
  extends RetentionTarget,
    Pick<DamagedRowsTarget, "rewrite">,
    Pick<NewerFormatTarget, "setFormat" | "contents"> {
  /** A saver with this serializer. */
  openWith(url: string, serde: SerializerProtocol): KeepingSaver;
  /** Takes all segments out of a thread, beneath the saver. */
  dropSegments(url: string, thread: string): Promise<unknown>;
  /** Takes the row of a checkpoint of the root graph away, with all that it is found by, but not its writes. */
  loseCheckpoint(url: string, thread: string, checkpointId: string): Promise<unknown>;
}

const SECRET = "what only the user may read";
const SEGMENT = expect.stringMatching(/^[0-9a-f]{32}$/);

/** Text of which no part is like another, so that it becomes a segment of its own. */
export function uniqueText(seed: number, length = 2_000): string {
  const random = seededRandom(seed);
  return Array.from({ length }, () => String.fromCharCode(integerOf(random, 97, 122))).join("");
}

/** The problems, each without its message and the fields that do not narrow it. */
export function problemsIn({ problems, problemCount }: VerifyReport): Record<string, unknown>[] {
  expect(problemCount).toBe(problems.length);
  return problems.map(({ message, ...problem }) => {
    expect(message).not.toBe("");
    expect(message).not.toContain(SECRET);
    return Object.fromEntries(Object.entries(problem).filter(([, value]) => value !== undefined));
  });
}

/** Registers the tests of what `verify` finds, and of what it does not. */
export function verifyTests(target: VerifyTarget): void {
  const store = retentionStore(target, false);

  /** Two checkpoints with a segment and writes each. The ids. */
  async function stored(saver: KeepingSaver, thread: string): Promise<readonly [first: string, second: string]> {
    const [first, second] = [1, 2].map((version) =>
      checkpointOf({ text: uniqueText(version), small: `${SECRET} ${version}` }, version),
    );
    if (first === undefined || second === undefined) throw new Error("There are two.");
    await putWhole(saver, thread, first);
    await saver.putWrites(at(thread, first.id), [["small", `${SECRET} 1`]], "task 1");
    await putWhole(saver, thread, second, first.id);
    await saver.putWrites(at(thread, second.id), [["small", `${SECRET} 2`]], "task 2");
    return [first.id, second.id];
  }

  it("C-29 verify counts what is stored, finds nothing wrong with it, and changes nothing", async () => {
    const saver = store.open({ retention: { keepLast: 2 } });
    for (const thread of ["plain", "pruned"]) await stored(saver, thread);
    await saver.prune(["pruned"], { keepLast: 1 });
    const graph = deltaGraph(saver);
    for (const input of ["one", "two", "three"]) await graph.invoke({ input }, at("deltas"));
    await saver.prune(["deltas"], { keepLast: 1 });
    await saver.copyThread("deltas", "copy");
    // A write that comes before its checkpoint, and a checkpoint that is put again, with another content.
    await saver.putWrites(at("early", "to come"), [["text", uniqueText(3)]], "task");
    const replaced = checkpointOf({ text: uniqueText(4) });
    await putWhole(saver, "replaced", replaced);
    await putWhole(saver, "replaced", { ...replaced, channel_values: { text: uniqueText(5) } });
    const before = await target.contents(store.url());
    const report = await saver.verify();
    expect(problemsIn(report)).toEqual([]);
    expect(await target.contents(store.url())).toEqual(before);

    const { threads, segments, pendingWrites } = await saver.stats();
    const inspected = await Promise.all(
      ["plain", "pruned", "deltas", "copy", "early", "replaced"].map((id) => store.inspect(id)),
    );
    const checkpoints = inspected.reduce((sum, each) => sum + each.checkpoints, 0);
    expect(report).toMatchObject({ threads, segments, pendingWrites, checkpoints, problemCount: 0 });
    expect(threads).toBe(6);
    expect(report.unreferenced).toEqual({ segments: 1, pendingWrites: 1 });
    expect(report.withoutParent).toBe(1);
    expect(checkpoints, "some are hidden").toBeGreaterThan((await saver.stats()).checkpoints);
    expect(report.bytes).toBeGreaterThan(5 * 1_000);

    expect(await saver.verify("replaced")).toMatchObject({ threads: 1, checkpoints: 1, unreferenced: { segments: 1 } });
    await saver.prune(["replaced"]);
    expect(await saver.verify("replaced")).toMatchObject({ threads: 1, checkpoints: 1, unreferenced: { segments: 0 } });
  });

  it("C-29 verify reads a thread of many pages, each segment counted once", async () => {
    const saver = store.open();
    let parent: string | undefined;
    for (let n = 1; n <= 40; n += 1) {
      const checkpoint = checkpointOf({ text: uniqueText(n, 500) }, n);
      await putWhole(saver, "long", checkpoint, parent);
      parent = checkpoint.id;
    }
    for (let n = 0; n < 40; n += 1)
      await saver.putWrites(at("long", `to come ${n}`), [["text", uniqueText(n + 100, 500)]], "task");
    const { checkpoints, segments, pendingWrites } = await saver.stats("long");
    const report = await saver.verify();
    expect(problemsIn(report)).toEqual([]);
    expect(report).toMatchObject({ threads: 1, checkpoints, segments, pendingWrites, withoutParent: 0 });
    expect(report.unreferenced).toEqual({ segments: 0, pendingWrites: 40 });
  });

  it("C-29 verify finds nothing wrong while others write, prune and delete", async () => {
    const [saver, writer] = [store.open(), store.open()];
    const graph = deltaGraph(writer);
    let [isDone, looks] = [false, 0];
    const writing = (async () => {
      for (let n = 0; n < 8; n += 1) {
        await Promise.all(["a", "b"].map((thread) => graph.invoke({ input: `turn ${n}` }, at(thread))));
        await writer.prune(["a"], { keepLast: 1 });
        if (n % 3 === 2) await writer.deleteThread("b");
      }
    })().finally(() => {
      isDone = true;
    });
    while (!isDone) {
      expect(problemsIn(await saver.verify())).toEqual([]);
      looks += 1;
    }
    await writing;
    expect(looks).toBeGreaterThan(1);
  });

  describe("damage", () => {
    it("C-29 a segment that was rewritten is damaged, for each checkpoint that needs it", async () => {
      const saver = store.open();
      const checkpoint = checkpointOf({ text: uniqueText(1) });
      await putWhole(saver, "segment", checkpoint);
      const forged = Buffer.concat([Buffer.of(0, 0), Buffer.from(SECRET)]);
      await target.rewrite(store.url(), "segment", "segments", (all) => all.map(() => forged));
      expect(problemsIn(await saver.verify())).toEqual([
        { kind: "damaged", threadId: "segment", namespace: "", checkpointId: checkpoint.id, segmentId: SEGMENT },
      ]);
    });

    it("C-29 a damaged segment that nothing refers to is damaged all the same", async () => {
      const saver = store.open();
      const checkpoint = checkpointOf({ text: uniqueText(1) });
      await putWhole(saver, "replaced", checkpoint);
      await putWhole(saver, "replaced", { ...checkpoint, channel_values: { text: "short" } });
      await target.rewrite(store.url(), "replaced", "segments", (all) => all.map((bytes) => bytes.subarray(0, -1)));
      const report = await saver.verify();
      expect(problemsIn(report)).toEqual([{ kind: "damaged", threadId: "replaced", segmentId: SEGMENT }]);
      expect(report.unreferenced.segments).toBe(1);
    });

    it("C-29 segments that are not there are missing, for each checkpoint and write that needs them", async () => {
      const saver = store.open();
      const checkpoint = checkpointOf({ text: uniqueText(1) });
      await putWhole(saver, "lost", checkpoint);
      await saver.putWrites(at("lost", checkpoint.id), [["other", uniqueText(2)]], "task");
      await saver.putWrites(at("lost", "to come"), [["other", uniqueText(3)]], "task");
      await target.dropSegments(store.url(), "lost");
      const report = await saver.verify("lost");
      const missing = { kind: "missing-segment", threadId: "lost", namespace: "", segmentId: SEGMENT };
      expect(problemsIn(report)).toEqual([
        { ...missing, checkpointId: checkpoint.id },
        { ...missing, checkpointId: checkpoint.id, taskId: "task" },
        { ...missing, checkpointId: "to come", taskId: "task" },
      ]);
      expect(report).toMatchObject({ checkpoints: 1, pendingWrites: 2, segments: 0 });
    });

    it.for(["records", "metadata"] as const)("C-29 %s that changed places are damaged", async (kind) => {
      const saver = store.open();
      const ids = [1, 2].map((step) => ({
        ...checkpointOf({ small: SECRET }),
        metadata: { source: "loop", step, parents: {}, note: "long" } as const,
      }));
      for (const { metadata, ...checkpoint } of ids)
        await saver.put(at("swapped"), checkpoint, metadata, checkpoint.channel_versions);
      await target.rewrite(store.url(), "swapped", kind, (all) =>
        kind === "records"
          ? all.toReversed()
          : [2, 1].map((step) => Buffer.from(JSON.stringify({ source: "loop", step, parents: {}, note: "long" }))),
      );
      expect(problemsIn(await saver.verify())).toEqual(
        ids.map(({ id }) => ({ kind: "damaged", threadId: "swapped", namespace: "", checkpointId: id })),
      );
    });

    it("C-29 pending writes that changed places are damaged, and say of which task", async () => {
      const saver = store.open();
      const [first, second] = await stored(saver, "payloads");
      await target.rewrite(store.url(), "payloads", "payloads", (all) => all.toReversed());
      const damaged = { kind: "damaged", threadId: "payloads", namespace: "" };
      expect(problemsIn(await saver.verify())).toEqual([
        { ...damaged, checkpointId: first, taskId: "task 1" },
        { ...damaged, checkpointId: second, taskId: "task 2" },
      ]);
    });

    it("C-29 a checkpoint that is gone, with its writes and its child still there, is missing; one that was pruned is not", async () => {
      const saver = store.open();
      for (const thread of ["gone", "pruned"]) await stored(saver, thread);
      const [first] = await idsOf(saver, "gone");
      await saver.prune(["pruned"], { keepLast: 1 });
      await target.loseCheckpoint(store.url(), "gone", String(first));
      const report = await saver.verify();
      expect(problemsIn(report)).toEqual([{ kind: "missing-checkpoint", threadId: "gone", namespace: "", checkpointId: first }]);
      expect(report).toMatchObject({ withoutParent: 2, unreferenced: { segments: 1, pendingWrites: 1 } });
    });

    it("C-29 a value that the serializer cannot read is unreadable, whatever that throws, and the next is read", async () => {
      const plain = new HoldfastSerializer();
      const cannot: SerializerProtocol = {
        dumpsTyped: (value) => plain.dumpsTyped(value),
        async loadsTyped(type, data) {
          const value: unknown = await plain.loadsTyped(type, data);
          if (String(value).startsWith(SECRET)) throw new TypeError(`Cannot read ${String(value)}.`);
          return value;
        },
      };
      const saver = target.openWith(store.url(), cannot);
      const [first, second] = await stored(saver, "unreadable");
      const unreadable = { kind: "unreadable", threadId: "unreadable", namespace: "" };
      const report = await saver.verify();
      await target.close(saver);
      expect(problemsIn(report)).toEqual([
        { ...unreadable, checkpointId: first },
        { ...unreadable, checkpointId: first, taskId: "task 1" },
        { ...unreadable, checkpointId: second },
        { ...unreadable, checkpointId: second, taskId: "task 2" },
      ]);
      expect(report.problems[0]?.message).toContain("the channel small");
    });

    it("C-29 verify goes on past a thread of a newer format and a damaged one", async () => {
      const saver = store.open();
      for (const thread of ["a", "newer", "lost", "b"]) await stored(saver, thread);
      await target.setFormat(store.url(), "newer", 2);
      await target.dropSegments(store.url(), "lost");
      const report = await saver.verify();
      expect(new Set(problemsIn(report).map(({ threadId, kind }) => `${threadId}: ${kind}`))).toEqual(
        new Set(["newer: newer-format", "lost: missing-segment"]),
      );
      expect(report).toMatchObject({ threads: 4, checkpoints: 6 });
      expect(problemsIn(await saver.verify("newer"))).toEqual([{ kind: "newer-format", threadId: "newer" }]);
      await target.setFormat(store.url(), "newer", 1);
    });
  });

  it("C-29 verify tells of its progress, ends with its signal, and refuses what it cannot use", async () => {
    const saver = store.open();
    for (const thread of ["a", "b"]) await stored(saver, thread);
    const seen: number[] = [];
    await saver.verify(undefined, { onProgress: ({ checkpoints }) => seen.push(checkpoints) });
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(4);

    const [stop, reason] = [new AbortController(), new Error("enough")];
    await expect(saver.verify(undefined, { signal: stop.signal, onProgress: () => stop.abort(reason) })).rejects.toBe(reason);
    const thrown = new Error("of the caller");
    const onProgress = (): never => {
      throw thrown;
    };
    await expect(saver.verify("a", { onProgress })).rejects.toBe(thrown);

    const code = (name: string) => ({ code: `HOLDFAST_${name}` });
    await expect(saver.verify("nobody")).rejects.toMatchObject(code("THREAD_NOT_FOUND"));
    await expect(saver.verify("")).rejects.toMatchObject(code("INVALID_THREAD_ID"));
    for (const options of [{ limit: 1 }, { signal: "now" }, { onProgress: 1 }])
      await expect(saver.verify("a", options as never)).rejects.toMatchObject(code("INVALID_OPTIONS"));
  });
}

/** In the order of their commits. */
async function idsOf(saver: KeepingSaver, thread: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { checkpoint } of saver.list(at(thread))) ids.unshift(checkpoint.id);
  return ids;
}
