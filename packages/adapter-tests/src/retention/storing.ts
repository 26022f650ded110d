import { createHash } from "node:crypto";
import { Annotation, END, interrupt, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { describe, expect, it } from "vitest";
import type { RetentionStore } from "./retention-store.js";
import { on } from "./shown.js";

/** The same for the same seed. 6 bits of content in each letter, so compression takes a quarter of them and no more. */
function letters(seed: number, length: number): string {
  return createHash("shake256", { outputLength: Math.ceil((length * 3) / 4) })
    .update(`${seed}`)
    .digest("base64url")
    .slice(0, length);
}

/** Each turn changes the state by `change`, and writes all of it. */
function changingGraph<T>(checkpointer: BaseCheckpointSaver, change: (value: T, turn: number) => T) {
  const State = Annotation.Root({ turn: Annotation<number>, value: Annotation<T> });
  return new StateGraph(State)
    .addNode("change", ({ value, turn }) => ({ value: change(value, turn) }))
    .addNode("ask", ({ turn }) => (turn < 0 ? { turn: interrupt<string, number>("which?") } : {}))
    .addEdge(START, "change")
    .addEdge("change", "ask")
    .addEdge("ask", END)
    .compile({ checkpointer });
}

const TURNS = 20;

/** Registers the tests of how much is stored when little is new. */
export function storingTests(store: RetentionStore): void {
  async function play<T>(
    thread: string,
    first: T,
    change: (value: T, turn: number) => T,
    durability: "sync" | "async" = "sync",
  ): Promise<{ bytes: number; more: number }> {
    const saver = store.open();
    const graph = changingGraph<T>(saver, change);
    const config = { ...on(thread), durability };
    await graph.invoke({ turn: 0, value: first }, config);
    const { bytes } = await saver.stats(thread);
    const values = [first, change(first, 0)];
    for (let turn = 1; turn < TURNS; turn += 1) {
      await graph.invoke({ turn }, config);
      values.push(change(values.at(-1) as T, turn));
    }
    const more = (await saver.stats(thread)).bytes - bytes;
    // By another process: all the values there ever were, and those that tasks have written.
    const seen: T[] = [];
    const written: T[] = [];
    for await (const { checkpoint, pendingWrites = [] } of store.open().list(on(thread))) {
      const { value } = checkpoint.channel_values as { value?: T };
      if (value !== undefined && JSON.stringify(seen.at(-1)) !== JSON.stringify(value)) seen.push(value);
      for (const [, channel, write] of pendingWrites) if (channel === "value") written.push(write as T);
    }
    expect(seen.reverse()).toEqual(values);
    expect(written.reverse()).toEqual(values);
    return { bytes, more };
  }

  describe("C-67 costs little where little is new:", () => {
    // With "async", a task that takes no time writes to a checkpoint that is still on its way.
    it.for(["sync", "async"] as const)("a document that is written anew by each task, %s", async (durability) => {
      const change = (text: string, turn: number): string => {
        const at = 1000 + turn * 4000;
        return text.slice(0, at) + letters(turn, 200) + text.slice(at + 200);
      };
      const { bytes, more } = await play("document", letters(-1, 100_000), change, durability);
      expect(bytes).toBeLessThan(100_000);
      // Small pieces are joined once, which copies a good half of the document.
      expect(more).toBeLessThan(TURNS * 6000);
    });

    it("a long text of much the same words", async () => {
      const words = Array.from({ length: 500 }, (_, n) => letters(n, 8));
      const text = Array.from({ length: 110_000 }, (_, n) => words[(n * n + 7 * n) % 499]).join(" ");
      const { bytes } = await play("text", text, (value, turn) => value.replace(" ", `${turn}`));
      expect(text.length).toBeGreaterThan(900_000);
      expect(bytes).toBeLessThan(text.length / 3);
    });

    it("a list that is trimmed to its last members", async () => {
      const first = Array.from({ length: 60 }, (_, n) => letters(-1 - n, 1000));
      const { bytes, more } = await play("window", first, (list, turn) => [...list.slice(1), letters(turn, 1000)]);
      expect(bytes).toBeLessThan(70_000);
      expect(more).toBeLessThan(TURNS * 5000);
    });

    it("a tool's long answer among the messages", async () => {
      const saver = store.open();
      const State = Annotation.Root({
        turn: Annotation<number>,
        messages: Annotation<string[]>({ reducer: (all, more) => all.concat(more), default: () => [] }),
      });
      const graph = new StateGraph(State)
        .addNode("tool", ({ turn }) => ({ messages: [letters(turn, 30_000)] }))
        .addEdge(START, "tool")
        .addEdge("tool", END)
        .compile({ checkpointer: saver });
      for (let turn = 0; turn < TURNS; turn += 1) await graph.invoke({ turn }, { ...on("tool"), durability: "sync" });
      expect((await saver.stats("tool")).bytes).toBeLessThan(TURNS * 30_000);
      const { values } = await changingGraph(store.open(), () => 0).getState(on("tool"));
      expect(values).toEqual({ turn: TURNS - 1 });
      const tuple = await store.open().getTuple(on("tool"));
      expect(tuple?.checkpoint.channel_values.messages).toEqual(
        Array.from({ length: TURNS }, (_, turn) => letters(turn, 30_000)),
      );
    });
  });

  it("C-53 keeps what a write shares with its checkpoint as long as either is there", async () => {
    const text = letters(-1, 100_000);
    const change = (value: string, turn: number): string => `${value.slice(0, 50_000)}${turn}${value.slice(50_000)}`;
    const saver = store.open();
    const graph = changingGraph<string>(saver, change);
    const sync = { ...on("asked"), durability: "sync" as const };
    await graph.invoke({ turn: 1, value: text }, sync);
    await graph.invoke({ turn: 2 }, sync);
    await graph.invoke({ turn: -1 }, sync);
    const expected = change(change(change(text, 1), 2), -1);
    await saver.prune(["asked"], { keepLast: 1 });
    expect((await store.inspect("asked")).orphans).toEqual([]);
    const other = changingGraph<string>(store.open(), change);
    const { values, tasks } = await other.getState(on("asked"));
    expect(values.value).toBe(expected);
    expect(tasks[0]?.interrupts).toMatchObject([{ value: "which?" }]);
  });
}
