import { DeserializationError } from "@holdfast/checkpoint-core";
import type { CheckpointTuple } from "@langchain/langgraph-checkpoint";
import { afterAll, beforeAll, expect, it } from "vitest";
import { at, checkpointOf, putWhole } from "./plain-checkpoints.js";
import type { AdapterTarget, TestedSaver, TestStore } from "./target.js";

/** What is stored for a thread, each in the order in which it was stored. */
export interface StoredBytes {
  /** The records of checkpoints, without their links. */
  readonly records: readonly Buffer[];
  /** Of pending writes. */
  readonly payloads: readonly Buffer[];
  /** As text. */
  readonly metadata: readonly Buffer[];
  readonly segments: readonly Buffer[];
}

export interface DamagedRowsTarget extends AdapterTarget {
  /** Rewrites bytes of one kind of a thread, each to what stands in its place in the answer. */
  rewrite(
    url: string,
    thread: string,
    kind: keyof StoredBytes,
    change: (stored: readonly Buffer[]) => readonly Buffer[],
  ): Promise<void>;
}

const SECRET = "what only the user may read";

/** Registers the tests of rows that something else than a saver has changed. */
export function damagedRowTests(target: DamagedRowsTarget): void {
  let store: TestStore;
  let [writer, reader]: TestedSaver[] = [];

  beforeAll(async () => {
    store = await target.openStore();
    [writer, reader] = [target.open(store.url), target.open(store.url)];
  });
  afterAll(async () => {
    await Promise.all([writer, reader].map((saver) => saver && target.close(saver)));
    await store?.drop();
  });
  const saverOf = (saver: TestedSaver | undefined): TestedSaver => saver as TestedSaver;

  /** Two checkpoints with a segment and writes each. The ids. */
  async function stored(thread: string): Promise<readonly [first: string, second: string]> {
    const [first, second] = [1, 2].map((version) =>
      checkpointOf({ secret: `${SECRET} ${version}`.repeat(100), small: SECRET }, version),
    );
    if (first === undefined || second === undefined) throw new Error("There are two.");
    await putWhole(saverOf(writer), thread, first);
    await saverOf(writer).putWrites(at(thread, first.id), [["small", `${SECRET} 1`]], "task");
    await putWhole(saverOf(writer), thread, second, first.id);
    await saverOf(writer).putWrites(at(thread, second.id), [["small", `${SECRET} 2`]], "task");
    return [first.id, second.id];
  }

  async function listed(thread: string): Promise<CheckpointTuple[]> {
    const tuples: CheckpointTuple[] = [];
    for await (const tuple of saverOf(reader).list(at(thread))) tuples.push(tuple);
    return tuples;
  }

  /** Reading fails, whichever way, by an error that names the checkpoint and prints nothing of it. */
  async function expectRefused(thread: string, checkpointId: string, reason: RegExp): Promise<void> {
    for (const read of [() => saverOf(reader).getTuple(at(thread, checkpointId)), () => listed(thread)]) {
      const error: unknown = await read().then(
        () => undefined,
        (refusal: unknown) => refusal,
      );
      expect(error).toBeInstanceOf(DeserializationError);
      expect(error).toMatchObject({ code: "HOLDFAST_DESERIALIZATION", threadId: thread, namespace: "" });
      const { message, checkpointId: named, cause } = error as DeserializationError;
      expect(message).toContain(`thread ${thread}`);
      expect(message).toContain(`checkpoint ${named}`);
      expect(message).toMatch(reason);
      expect(`${message} ${String(cause)}`).not.toContain(SECRET);
    }
    await expect(saverOf(reader).getTuple(at(thread, checkpointId))).rejects.toMatchObject({ checkpointId });
  }

  it("C-68 a segment that was rewritten is refused, as its name is a hash of what it says", async () => {
    const [first] = await stored("segment");
    const forged = Buffer.concat([Buffer.of(0, 0), Buffer.from(JSON.stringify(`${SECRET} 3`.repeat(100)))]);
    await target.rewrite(store.url, "segment", "segments", (segments) => segments.map(() => forged));
    await expectRefused("segment", first, /Segment [0-9a-f]{32} is damaged/);
  });

  it.for(["records", "payloads"] as const)("C-68 %s that changed places are refused", async (kind) => {
    const [first, second] = await stored(`swapped ${kind}`);
    await target.rewrite(store.url, `swapped ${kind}`, kind, (all) => all.toReversed());
    for (const id of [first, second]) await expectRefused(`swapped ${kind}`, id, /checksum/);
    await target.rewrite(store.url, `swapped ${kind}`, kind, (all) => all.toReversed());
    expect(await listed(`swapped ${kind}`)).toHaveLength(2);
  });

  it("C-68 metadata that was rewritten is refused", async () => {
    const [first] = await stored("metadata");
    const forged = Buffer.from('{"source":"loop","step":7,"parents":{}}');
    await target.rewrite(store.url, "metadata", "metadata", (all) => all.map(() => forged));
    await expectRefused("metadata", first, /checksum/);
  });

  it.for(["records", "payloads", "segments"] as const)(
    "C-82 %s in a codec of a newer version are refused as such",
    async (kind) => {
      const [first] = await stored(`newer ${kind}`);
      await target.rewrite(store.url, `newer ${kind}`, kind, (all) =>
        all.map((bytes) => Buffer.concat([Buffer.of(2), bytes.subarray(1)])),
      );
      await expectRefused(`newer ${kind}`, first, /newer version/);
    },
  );

  it.for(["records", "payloads", "segments"] as const)("C-68 %s that were cut short are refused, at any length", async (kind) => {
    const thread = `short ${kind}`;
    const [first] = await stored(thread);
    let whole: readonly Buffer[] = [];
    await target.rewrite(store.url, thread, kind, (all) => {
      whole = all;
      return all;
    });
    for (const share of [0, 0.02, 0.5, 0.97]) {
      await target.rewrite(store.url, thread, kind, () =>
        whole.map((bytes) => bytes.subarray(0, Math.floor(share * bytes.length))),
      );
      await expectRefused(thread, first, /damaged|checksum/);
    }
  });

  it("C-68 a copy of a thread reads as the original", async () => {
    await stored("original");
    await saverOf(writer).copyThread("original", "copy");
    const [original, copy] = [await listed("original"), await listed("copy")];
    expect(copy.map(({ checkpoint, pendingWrites }) => ({ checkpoint, pendingWrites }))).toEqual(
      original.map(({ checkpoint, pendingWrites }) => ({ checkpoint, pendingWrites })),
    );
  });
}
