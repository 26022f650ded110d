import type { CheckpointPendingWrite } from "@langchain/langgraph-checkpoint";
import { describe, expect, it } from "vitest";
import { writeBatches, writesOf } from "./write-batches.js";

const write = (task: string, channel: string, value: unknown = 0): CheckpointPendingWrite => [task, channel, value];

describe("writeBatches", () => {
  it("C-110 keeps the order, and makes one batch of each task's ordinary writes", () => {
    const pending = [write("b", "x"), write("b", "y"), write("a", "x"), write("c", "__interrupt__")];
    const batches = writeBatches(pending);
    expect(batches.map(({ taskId, writes }) => [taskId, writes.length])).toEqual([
      ["b", 2],
      ["a", 1],
      ["c", 1],
    ]);
    expect(writesOf(batches)).toEqual(pending);
  });

  it("C-110 special writes stand by themselves, so that ordinary ones have the positions that they had", () => {
    const pending = [
      write("a", "__interrupt__"),
      write("a", "__resume__"),
      write("a", "x"),
      write("a", "y"),
      write("a", "__error__"),
    ];
    expect(writeBatches(pending).map(({ writes }) => writes.map(([channel]) => channel))).toEqual([
      ["__interrupt__"],
      ["__resume__"],
      ["x", "y"],
      ["__error__"],
    ]);
  });

  it("C-110 ordinary writes of a task that stand apart come together, where a second batch would be ignored", () => {
    const pending = [write("a", "x", 1), write("b", "x", 2), write("a", "y", 3)];
    expect(writesOf(writeBatches(pending))).toEqual([write("a", "x", 1), write("a", "y", 3), write("b", "x", 2)]);
  });

  it("C-110 a batch has the task path of its first write", () => {
    const batches = writeBatches([write("a", "__interrupt__"), write("a", "x"), write("a", "y")], ["imported", "~a", "~a"]);
    expect(batches.map(({ taskPath }) => taskPath)).toEqual(["imported", "~a"]);
  });

  it("C-110 a channel of the name of something that every object has is an ordinary one", () => {
    expect(writeBatches([write("a", "constructor"), write("a", "x")])).toHaveLength(1);
  });
});
