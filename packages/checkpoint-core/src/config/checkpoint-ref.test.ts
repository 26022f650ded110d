import { describe, expect, it } from "vitest";
import { InvalidConfigError, InvalidThreadIdError, MissingThreadIdError } from "../errors.js";
import {
  checkpointRef,
  configOf,
  MAX_ID_BYTES,
  MAX_NAMESPACE_BYTES,
  namespaceRef,
  optionalCheckpointId,
  optionalNamespace,
  optionalThreadId,
  requiredId,
  requiredThreadId,
  threadIdArgument,
} from "./checkpoint-ref.js";

const NOT_IDS: readonly (readonly [string, unknown])[] = [
  ["a number", 1],
  ["an object", {}],
  ["true", true],
  ["a NUL", "a\0"],
  ["a lone surrogate", "\udfff"],
  ["too long", "é".repeat(MAX_NAMESPACE_BYTES)],
];

describe("thread_id", () => {
  it("C-02 is optional where there is none", () => {
    expect(optionalThreadId({})).toBeUndefined();
    expect(optionalThreadId({ configurable: {} })).toBeUndefined();
    expect(optionalThreadId({ configurable: { thread_id: undefined } })).toBeUndefined();
    expect(optionalThreadId(undefined as never)).toBeUndefined();
    expect(optionalThreadId({ configurable: { thread_id: 7 } })).toBe("7");
  });

  it("C-02 that is missing where it is needed is an error that shows the line to write", () => {
    for (const config of [{}, { configurable: {} }, { configurable: { thread_id: undefined } }]) {
      expect(() => requiredThreadId(config, "put")).toThrow(MissingThreadIdError);
    }
    expect(() => requiredThreadId({}, "put")).toThrow(/^put .*configurable: \{ thread_id: "user-1" \}/);
    expect(() => threadIdArgument(undefined, "deleteThread")).toThrow(MissingThreadIdError);
  });

  it.for(["", null, false, Number.NaN])("C-02 that is falsy but given (%o) is refused, never taken as missing", (thread_id) => {
    expect(() => optionalThreadId({ configurable: { thread_id } })).toThrow(InvalidThreadIdError);
    expect(() => requiredThreadId({ configurable: { thread_id } }, "put")).toThrow(InvalidThreadIdError);
    expect(() => threadIdArgument(thread_id, "deleteThread")).toThrow(InvalidThreadIdError);
  });
});

describe("checkpoint_ns", () => {
  it("C-05 is any well-formed string", () => {
    for (const checkpoint_ns of ["", "child:1|grandchild:2", "*", "x".repeat(MAX_NAMESPACE_BYTES)]) {
      expect(optionalNamespace({ configurable: { checkpoint_ns } })).toBe(checkpoint_ns);
    }
    expect(optionalNamespace({})).toBeUndefined();
  });

  it("C-05 is the root graph's by default", () => {
    expect(namespaceRef({ configurable: { thread_id: "t" } }, "put")).toEqual({ threadId: "t", namespace: "" });
  });

  it.for([...NOT_IDS, ["null", null] as const])("C-05 is not %s", ([, checkpoint_ns]) => {
    expect(() => optionalNamespace({ configurable: { checkpoint_ns } })).toThrow(InvalidConfigError);
  });
});

describe("checkpoint_id", () => {
  it("C-05 is any well-formed string", () => {
    expect(optionalCheckpointId({ configurable: { checkpoint_id: "1ef-é" } })).toBe("1ef-é");
    expect(optionalCheckpointId({ configurable: { checkpoint_id: "x".repeat(MAX_ID_BYTES) } })).toBe("x".repeat(MAX_ID_BYTES));
  });

  it("may stand under its older name", () => {
    expect(optionalCheckpointId({ configurable: { thread_ts: "old" } })).toBe("old");
    expect(optionalCheckpointId({ configurable: { thread_ts: "old", checkpoint_id: "" } })).toBe("old");
    expect(optionalCheckpointId({ configurable: { thread_ts: "old", checkpoint_id: "new" } })).toBe("new");
  });

  it("that is empty names none, as upstream", () => {
    for (const checkpoint_id of [undefined, null, ""])
      expect(optionalCheckpointId({ configurable: { checkpoint_id } })).toBeUndefined();
  });

  it.for([...NOT_IDS, ["257 bytes", "x".repeat(MAX_ID_BYTES + 1)] as const])("C-05 is not %s", ([, checkpoint_id]) => {
    expect(() => optionalCheckpointId({ configurable: { checkpoint_id } })).toThrow(InvalidConfigError);
    expect(() => requiredId(checkpoint_id, "taskId")).toThrow(InvalidConfigError);
  });

  it("C-05 a task id is not empty", () => {
    expect(() => requiredId("", "taskId")).toThrow(/^taskId/);
    expect(() => requiredId(undefined, "checkpoint.id")).toThrow(InvalidConfigError);
    expect(requiredId("t", "taskId")).toBe("t");
  });
});

describe("checkpointRef", () => {
  it("names a checkpoint", () => {
    const config = { configurable: { thread_id: 1, checkpoint_ns: "n", checkpoint_id: "c", other: true } };
    expect(checkpointRef(config, "putWrites")).toEqual({ threadId: "1", namespace: "n", checkpointId: "c" });
  });

  it("C-05 needs a checkpoint_id", () => {
    expect(() => checkpointRef({ configurable: { thread_id: "t" } }, "putWrites")).toThrow(InvalidConfigError);
    expect(() => checkpointRef({ configurable: { checkpoint_id: "c" } }, "putWrites")).toThrow(MissingThreadIdError);
  });

  it("C-12 its config has exactly three keys", () => {
    expect(configOf({ threadId: "t", namespace: "", checkpointId: "c" })).toStrictEqual({
      configurable: { thread_id: "t", checkpoint_ns: "", checkpoint_id: "c" },
    });
  });
});
