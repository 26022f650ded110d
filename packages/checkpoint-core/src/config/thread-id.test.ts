import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidThreadIdError } from "../errors.js";
import { MAX_THREAD_ID_BYTES, parseThreadId, type ThreadIdParts, threadId } from "./thread-id.js";

const wellFormed = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).filter((text) => !text.includes("\0"));

describe("parseThreadId", () => {
  it("C-01 takes any well-formed string as it is", () => {
    fc.assert(
      fc.property(wellFormed, (text) => {
        expect(parseThreadId(text)).toBe(text);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it.for(["*", ":", "{", "}", "%", "\\", "org", "org:1", " ", "__proto__", "a/b", "'; drop table", "\u0001", "\ufffd"])(
    "C-03 %j is just an id",
    (text) => {
      expect(parseThreadId(text)).toBe(text);
    },
  );

  it("C-03 does not normalize", () => {
    const composed = parseThreadId("\u00e9");
    const decomposed = parseThreadId("e\u0301");
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
    expect(parseThreadId(given)).toBe(expected);
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
    expect(() => parseThreadId(given)).toThrow(InvalidThreadIdError);
  });

  it("C-01 counts UTF-8 bytes up to 1,024", () => {
    for (const text of ["x".repeat(1024), "é".repeat(512), "😀".repeat(256)]) expect(parseThreadId(text)).toBe(text);
    const digits = 10n ** 1023n;
    expect(parseThreadId(digits)).toHaveLength(1024);
  });

  it("C-01 does not print what it was given instead of an id", () => {
    expect(() => parseThreadId({ password: "hunter2" })).toThrow(/^(?!.*hunter2).*an object/);
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
    ["null", { user: null }],
    ["a NUL", { user: "a\0" }],
    ["a lone surrogate", { user: "\ud800" }],
    ["too much", { user: "x".repeat(1020) }],
  ])("C-04 refuses %s", ([, given]) => {
    expect(() => threadId(given as ThreadIdParts)).toThrow(InvalidThreadIdError);
  });
});
