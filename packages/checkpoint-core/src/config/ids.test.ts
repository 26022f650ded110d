import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidConfigError, InvalidThreadIdError, MissingThreadIdError } from "../errors.js";
import {
  checkpointRef,
  configOf,
  decodeId,
  encodeId,
  MAX_ID_BYTES,
  MAX_NAMESPACE_BYTES,
  MAX_THREAD_ID_BYTES,
  namespaceRef,
  optionalCheckpointId,
  optionalNamespace,
  optionalThreadId,
  storedThreadId,
  parseThreadId,
  requiredId,
  type ThreadIdParts,
  threadId,
  threadIdArgument,
} from "./ids.js";

const wellFormed = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).filter((text) => !text.includes("\0"));

describe("storedThreadId", () => {
  it("C-01 takes any well-formed string as it is", () => {
    fc.assert(
      fc.property(wellFormed, (text) => {
        expect(storedThreadId(text)).toBe(text);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it.for(["*", ":", "{", "}", "%", "\\", "org", "org:1", " ", "__proto__", "a/b", "'; drop table", "\u0001", "\ufffd"])(
    "C-03 %j is just an id",
    (text) => {
      expect(storedThreadId(text)).toBe(text);
    },
  );

  it("C-03 does not normalize", () => {
    const composed = storedThreadId("\u00e9");
    const decomposed = storedThreadId("e\u0301");
    expect(composed).not.toBe(decomposed);
    expect([composed.length, decomposed.length]).toEqual([1, 2]);
  });

  it.for<[unknown, string]>([
    [0, "0"],
    [-0, "0"],
    [42, "42"],
    [-7, "-7"],
    [Number.MAX_SAFE_INTEGER, "9007199254740991"],
    [0n, "0"],
    [2n ** 64n, "18446744073709551616"],
    [-(10n ** 30n), "-1000000000000000000000000000000"],
  ])("C-01 takes the number %o as its decimal string", ([given, expected]) => {
    expect(storedThreadId(given)).toBe(expected);
  });

  it.for<[string, unknown]>([
    ["empty", ""],
    ["null", null],
    ["undefined", undefined],
    ["true", true],
    ["a fraction", 1.5],
    ["NaN", Number.NaN],
    ["Infinity", Number.POSITIVE_INFINITY],
    ["an integer that has lost digits", 2 ** 53],
    ["an object", { toString: () => "t" }],
    ["a String object", new String("t")],
    ["an array", ["t"]],
    ["a symbol", Symbol("t")],
    ["a function", () => "t"],
    ["a NUL", "a\0b"],
    ["a high surrogate alone", "a\ud83d"],
    ["a low surrogate alone", "\ude00b"],
    ["swapped surrogates", "\ude00\ud83d"],
    ["1,025 bytes", "x".repeat(MAX_THREAD_ID_BYTES + 1)],
    ["1,026 bytes in 513 characters", "é".repeat(513)],
    ["a bigint of 1,025 digits", 10n ** 1024n],
  ])("C-01 refuses %s", ([, given]) => {
    expect(() => storedThreadId(given)).toThrow(InvalidThreadIdError);
  });

  it("C-01 counts UTF-8 bytes up to 1,024", () => {
    for (const text of ["x".repeat(1024), "é".repeat(512), "😀".repeat(256)]) expect(storedThreadId(text)).toBe(text);
    const digits = 10n ** 1023n;
    expect(storedThreadId(digits)).toHaveLength(1024);
  });

  it("C-01 does not print what it was given instead of an id", () => {
    expect(() => storedThreadId({ password: "hunter2" })).toThrow(/^(?!.*hunter2).*an object/);
  });
});

describe("threadId", () => {
  it("C-04 is readable", () => {
    expect(threadId({ tenant: "acme", user: "42", conversation: "7" })).toBe("tenant:acme/user:42/conversation:7");
    expect(threadId({ conversation: "7", tenant: "acme" })).toBe("tenant:acme/conversation:7");
    expect(threadId({ user: "a/b%c:d" })).toBe("user:a%2Fb%25c:d");
  });

  it("C-04 gives different ids for different parts", () => {
    // Few characters, the significant ones, so that collisions would be found.
    const text = fc.string({
      unit: fc.constantFrom("/", "%", ":", "2", "F", "5", "user", "user:", "a"),
      minLength: 1,
      maxLength: 5,
    });
    const parts: fc.Arbitrary<ThreadIdParts> = fc
      .record({ tenant: text, user: text, conversation: text }, { requiredKeys: [] })
      .filter((given) => Object.keys(given).length > 0);
    const key = (given: ThreadIdParts): string => JSON.stringify([given.tenant, given.user, given.conversation]);
    const idsOf = new Map<string, string>();
    fc.assert(
      fc.property(parts, (given) => {
        const id = threadId(given);
        expect(idsOf.get(id) ?? key(given)).toBe(key(given));
        idsOf.set(id, key(given));
      }),
      { seed: 4, numRuns: 4000 },
    );
  });

  it.for<[string, object]>([
    ["no part", {}],
    ["only unknown parts", { team: "a" }],
    ["an empty part", { tenant: "", user: "1" }],
    ["a number", { user: 1 }],
    ["a part that is null", { user: null, conversation: "1" }],
    ["a part that is undefined", { user: undefined, conversation: "1" }],
    ["an unknown part beside others", { user: "1", conversaton: "1" }],
    ["a NUL", { user: "a\0" }],
    ["a lone surrogate", { user: "\ud800" }],
    ["too much", { user: "x".repeat(1020) }],
  ])("C-04 refuses %s", ([, given]) => {
    expect(() => threadId(given as ThreadIdParts)).toThrow(InvalidThreadIdError);
  });

  it("C-04 names the part that is missing", () => {
    const session: { user?: string } = {};
    // @ts-expect-error A part that may be undefined.
    expect(() => threadId({ user: session.user, conversation: "1" })).toThrow(/user is undefined/);
    // @ts-expect-error A part that there is not.
    expect(() => threadId({ user: "1", conversaton: "1" })).toThrow(/conversaton/);
  });
});

describe("parseThreadId", () => {
  it("C-04 is the inverse of threadId", () => {
    const text = fc.string({
      unit: fc.constantFrom("/", "%", ":", "2", "F", "5", "user:", "é", "a"),
      minLength: 1,
      maxLength: 6,
    });
    const parts: fc.Arbitrary<ThreadIdParts> = fc
      .record({ tenant: text, user: text, conversation: text }, { requiredKeys: [] })
      .filter((given) => Object.keys(given).length > 0);
    fc.assert(
      fc.property(parts, (given) => {
        expect(parseThreadId(threadId(given))).toEqual(given);
      }),
      { seed: 4, numRuns: 4000 },
    );
    const found: ThreadIdParts | undefined = parseThreadId("tenant:acme/conversation:7");
    expect(found).toEqual({ tenant: "acme", conversation: "7" });
    expect(found && threadId(found)).toBe("tenant:acme/conversation:7");
  });

  it.for([
    "user-1",
    "7",
    "user:",
    "team:a",
    "tenant",
    "user:1/tenant:2",
    "user:1/user:2",
    "user:1/",
    "user:100%",
    "user:a%2f",
    "user:1/__proto__:2",
  ])("C-04 says that %s is of another make", (id) => {
    expect(parseThreadId(id)).toBeUndefined();
  });

  it("C-04 refuses what cannot be an id", () => {
    for (const id of [undefined, null, "", {}, "a\0"]) expect(() => parseThreadId(id as string)).toThrow(InvalidThreadIdError);
  });
});

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
      expect(() => namespaceRef(config, "put")).toThrow(MissingThreadIdError);
    }
    expect(() => namespaceRef({}, "put")).toThrow(/^put .*configurable: \{ thread_id: "user-1" \}/);
    expect(() => threadIdArgument(undefined, "deleteThread")).toThrow(MissingThreadIdError);
  });

  it.for(["", null, false, Number.NaN])("C-02 that is falsy but given (%o) is refused, never taken as missing", (thread_id) => {
    expect(() => optionalThreadId({ configurable: { thread_id } })).toThrow(InvalidThreadIdError);
    expect(() => namespaceRef({ configurable: { thread_id } }, "put")).toThrow(InvalidThreadIdError);
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

const anyId = fc.oneof(
  fc.uuid(),
  fc.uuid().map((id) => id.toUpperCase()),
  fc.uuid().map((id) => id.replaceAll("-", "")),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).filter((id) => !id.includes("\0")),
  // Around the length at which text could be taken for a UUID.
  fc.string({ unit: fc.constantFrom("a", "0", "\u0001", "-"), minLength: 13, maxLength: 18 }),
);

it("C-37 gives back every id", () => {
  fc.assert(
    fc.property(anyId, (id) => {
      expect(decodeId(encodeId(id))).toBe(id);
    }),
    { seed: 1, numRuns: 2000 },
  );
});

it("C-03 gives different ids different bytes", () => {
  const short = fc.string({ unit: fc.constantFrom("a", "\u0001"), minLength: 14, maxLength: 17 });
  fc.assert(
    fc.property(short, short, (a, b) => {
      expect(encodeId(a).equals(encodeId(b))).toBe(a === b);
    }),
    { seed: 2, numRuns: 1000 },
  );
});

it.for(["00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-00000000000a", "1ef4f797-8335-6428-8001-8a1503f9b875"])(
  "stores the UUID %s in 16 bytes",
  (id) => {
    expect(encodeId(id)).toHaveLength(16);
    expect(decodeId(encodeId(id))).toBe(id);
  },
);

it.for([14, 15, 16])("never stores %i bytes of text in 16 bytes", (length) => {
  const id = "x".repeat(length);
  expect(encodeId(id)).toHaveLength(length === 15 ? 17 : length + 1);
  expect(decodeId(encodeId(id))).toBe(id);
});

it("keeps the order of UUIDs", () => {
  fc.assert(
    fc.property(fc.uuid(), fc.uuid(), (a, b) => {
      expect(Math.sign(Buffer.compare(encodeId(a), encodeId(b)))).toBe(a < b ? -1 : a > b ? 1 : 0);
    }),
    { seed: 3, numRuns: 500 },
  );
});
