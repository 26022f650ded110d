import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { describe, expect, it } from "vitest";
import { InvalidOptionsError } from "../errors.js";
import { isHoldfastSaver, pinCheckpointer, SAVER_BRAND } from "./pin-checkpointer.js";

const ours = (): MemorySaver => Object.assign(new MemorySaver(), { [SAVER_BRAND]: true });

describe("C-120 pinCheckpointer", () => {
  it("C-120 keeps the saver of a graph when another one is assigned", () => {
    const saver = ours();
    const graph = pinCheckpointer<{ checkpointer?: unknown }>({ checkpointer: saver });
    for (const other of [new MemorySaver(), ours()]) {
      graph.checkpointer = other;
      expect(graph.checkpointer).toBe(saver);
      expect({ ...graph }.checkpointer).toBe(saver);
    }
  });

  it("C-120 lets a run go without a saver, and the next one with it again", () => {
    const saver = ours();
    const graph = pinCheckpointer<{ checkpointer?: unknown }>({ checkpointer: saver });
    for (const none of [undefined, null, false]) {
      graph.checkpointer = none;
      expect(graph.checkpointer).toBe(none);
      graph.checkpointer = new MemorySaver();
      expect(graph.checkpointer).toBe(saver);
    }
  });

  it("C-120 refuses a graph whose saver is none of ours", () => {
    for (const checkpointer of [new MemorySaver(), undefined, true]) {
      expect(() => pinCheckpointer({ checkpointer })).toThrow(InvalidOptionsError);
      expect(isHoldfastSaver(checkpointer)).toBe(false);
    }
  });
});
