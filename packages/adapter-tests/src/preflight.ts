import { HoldfastSerializer, importThreads, preflight, type SerializationError } from "@holdfast/checkpoint-core";
import { Serializable } from "@langchain/core/load/serializable";
import { AIMessage } from "@langchain/core/messages";
import { type BaseCheckpointSaver, MemorySaver, type SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { afterAll, beforeAll, expect, it } from "vitest";
import { failureOf } from "./failure.js";
import { watched } from "./migration/watched-saver.js";
import { at, checkpointOf, putWhole } from "./plain-checkpoints.js";
import type { MigrationTarget, TestedSaver, TestStore } from "./target.js";

/** A serde that keeps the very objects, as one of the user's may: so there is something to be refused. */
class KeepingSerde implements SerializerProtocol {
  readonly #kept: unknown[] = [];

  async dumpsTyped(value: unknown): Promise<[string, Uint8Array]> {
    return ["kept", Uint8Array.of(this.#kept.push(value) - 1)];
  }

  async loadsTyped(_type: string, data: Uint8Array): Promise<unknown> {
    return this.#kept[data[0] as number];
  }
}

class Ticket extends Serializable {
  override lc_namespace = ["shop"];
  override lc_serializable = true;
}

const REFUSED = { fn: () => 1, headers: new Headers() };

/** Registers the tests of what is known before a switch, and of what a lenient saver makes of it. */
export function preflightTests(target: MigrationTarget): void {
  let store: TestStore;
  let old: MemorySaver;
  const savers: TestedSaver[] = [];

  beforeAll(async () => {
    store = await target.openStore();
    old = new MemorySaver(new KeepingSerde());
    const first = checkpointOf({ plain: [1], state: { a: 1, ...REFUSED } });
    await putWhole(old, "odd", first);
    await putWhole(old, "odd", checkpointOf({ plain: [2], state: { a: 2, ...REFUSED } }, 2), first.id);
    await old.putWrites(
      at("odd", first.id),
      [["answer", new AIMessage({ content: "", additional_kwargs: { fn: () => 1 } })]],
      "task",
    );
    await putWhole(old, "plain", checkpointOf({ plain: [3] }));
    await putWhole(old, "large", checkpointOf({ text: "x".repeat(2_000) }));
    await putWhole(old, "ticket", checkpointOf({ ticket: new Ticket({}) }));
  });
  afterAll(async () => {
    for (const saver of savers) await target.close(saver);
    await store?.drop();
  });

  function open(serde?: SerializerProtocol, fallback?: BaseCheckpointSaver): TestedSaver {
    const saver = target.open(store.url, { ...(serde && { serde }), ...(fallback && { fallback }) });
    savers.push(saver);
    return saver;
  }

  it("C-115 preflight says which values of which threads would be refused, each once, and reads only", async () => {
    const methods = new Set<string>();
    const report = await preflight(
      watched(old, (method) => void methods.add(method)),
      { maxValueBytes: 1_000 },
    );
    expect(report).toMatchObject({ threads: 4, checkpoints: 5, refusedCount: 5 });
    expect(report.refused.map(({ threadId, path, code }) => [threadId, path, code]).sort()).toEqual([
      ["large", "text", "HOLDFAST_VALUE_TOO_LARGE"],
      ["odd", "answer.additional_kwargs.fn", "HOLDFAST_SERIALIZATION"],
      ["odd", "state.fn", "HOLDFAST_SERIALIZATION"],
      ["odd", "state.headers", "HOLDFAST_SERIALIZATION"],
      ["ticket", "ticket", "HOLDFAST_SERIALIZATION"],
    ]);
    expect([...methods]).toEqual(["list"]);
  });

  it("C-115 preflight looks at the threads that it is told to, for the serializer that the new saver will have", async () => {
    const serde = new HoldfastSerializer({ allow: [Ticket] });
    expect(await preflight(old, { threads: ["plain", "ticket", "unknown"], serde })).toEqual({
      threads: 2,
      checkpoints: 2,
      refused: [],
      refusedCount: 0,
    });
    expect(await preflight(old, { threads: ["ticket"] })).toMatchObject({ refusedCount: 1 });
  });

  it("C-115 what preflight refuses, an import fails for, and what it does not, an import copies", async () => {
    const saver = open();
    const { refused } = await preflight(old);
    const failed: string[] = [];
    await importThreads(old, saver, { onError: (_, threadId) => failed.push(threadId) });
    expect(failed.sort()).toEqual([...new Set(refused.map(({ threadId }) => threadId))].sort());
    for (const threadId of failed) await saver.deleteThread(threadId);
  });

  it("C-115 ends with its signal, and refuses what cannot be meant before any I/O", async () => {
    const untouched = watched(new MemorySaver(), (method) => {
      throw new Error(`${method} was called`);
    });
    const reason = new Error("enough");
    expect(await failureOf(() => preflight(old, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    for (const wrong of [
      { thread: [] },
      { threads: "abc" },
      { serde: {} },
      { batch: 0 },
      { maxValueBytes: -1 },
      { signal: {} },
    ]) {
      expect(await failureOf(() => preflight(untouched, wrong as never)), JSON.stringify(wrong)).toMatchObject({
        code: "HOLDFAST_INVALID_OPTIONS",
      });
    }
    expect(await failureOf(() => preflight(undefined as never))).toMatchObject({ code: "HOLDFAST_INVALID_OPTIONS" });
  });

  for (const [how, copy] of [
    ["imported", (saver: TestedSaver) => importThreads(old, saver, { threads: ["odd"] })],
    ["copied again", (saver: TestedSaver) => importThreads(old, saver, { threads: ["odd"] })],
  ] as const) {
    it(`C-61 C-111 with onDropped, a thread with refused values is ${how} without them, and told`, async () => {
      const dropped: SerializationError[] = [];
      const saver = open(new HoldfastSerializer({ onDropped: (refusal) => dropped.push(refusal) }));
      expect(await copy(saver)).toMatchObject({ threads: 1, leftAlone: [] });
      const told = ["answer.additional_kwargs.fn", "state.fn", "state.fn", "state.headers", "state.headers"];
      expect(dropped.map(({ path }) => path).sort()).toEqual(how === "imported" ? told : []);
      expect((await open().getTuple(at("odd")))?.checkpoint.channel_values.state).toEqual({ a: 2 });
    });
  }

  it("C-61 C-113 with onDropped, a thread with refused values migrates on demand, and those of a run are dropped, too", async () => {
    const dropped: string[] = [];
    const fresh = new MemorySaver(new KeepingSerde());
    const serde = new HoldfastSerializer({ onDropped: ({ path }) => dropped.push(path) });
    const checkpoint = checkpointOf({ state: REFUSED });
    await putWhole(fresh, "on demand", checkpoint);
    const saver = open(serde, fresh);
    await saver.putWrites(at("on demand", checkpoint.id), [["n", { fn: () => 1 }]], "task");
    expect((await saver.getTuple(at("on demand")))?.pendingWrites).toEqual([["task", "n", { fn: undefined }]]);
    expect(dropped.sort()).toEqual(["n.fn", "state.fn", "state.headers"]);
  });
}
