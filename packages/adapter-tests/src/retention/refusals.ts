import { inspect } from "node:util";
import { isHoldfastError } from "@holdfast/checkpoint-core";
import { expect, it } from "vitest";
import { putChain } from "./chains.js";
import type { RetentionStore } from "./retention-store.js";
import { asRun, on, type Shown, shownOf } from "./shown.js";
import type { KeepingOptions, KeepingSaver } from "./target.js";

const OPTIONS = "HOLDFAST_INVALID_OPTIONS";
const THREAD_ID = "HOLDFAST_INVALID_THREAD_ID";
const MISSING = "HOLDFAST_MISSING_THREAD_ID";
const CENTURY = 100 * 366 * 24 * 60 * 60 * 1_000;

type Refused = readonly [code: string, calls: Readonly<Record<string, readonly (readonly unknown[])[]>>];

/** By the error's code, the arguments of each method that cannot be meant. */
const REFUSED: readonly Refused[] = [
  [
    OPTIONS,
    {
      prune: [
        ...[0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "2", null].map((keepLast) => [["t"], { keepLast }]),
        ...[-1, Number.NaN, Number.POSITIVE_INFINITY, CENTURY + 1, "1", null].map((maxAge) => [["t"], { maxAge }]),
        ...["all", "Delete", null].map((strategy) => [["t"], { strategy }]),
        [["t"], { strategy: "delete", keepLast: 1 }],
        [["t"], { strategy: "delete", maxAge: 1 }],
        [["t"], { keep_last: 1 }],
        [["t"], { dryrun: true }],
        [["t"], { dryRun: "yes" }],
        [{}],
        ["t"],
        [undefined],
        [null],
        ...[-1, Number.NaN, CENTURY + 1, "1"].map((olderThan) => [{ olderThan }]),
        [{ olderThan: 1, prefix: 3 }],
        [{ olderThan: 1, labels: { user: 1 } }],
        [{ olderThan: 1, older: 1 }],
      ],
      deleteForRuns: [
        ["run 1"],
        [undefined],
        [[1]],
        [[undefined]],
        [["x".repeat(257)]],
        [["run 1"], { dryrun: true }],
        [["run 1"], { dryRun: 1 }],
      ],
      listThreads: [
        ...[1, null, "\ud800", "nul\0", "x".repeat(1_025)].map((prefix) => [{ prefix }]),
        ...[-1, 1.5, Number.NaN, "3"].map((limit) => [{ limit }]),
        ...[5, "2026-01-01", new Date(Number.NaN), null].map((updatedAfter) => [{ updatedAfter }]),
        ...[-1, CENTURY + 1, Number.NaN, "1"].map((idleFor) => [{ idleFor }]),
        ...[{}, { threadId: "t" }, new Date(), "t", "1", "", 5, null].map((cursor) => [{ cursor }]),
        [{ before: new Date() }],
        ...[[], "user", { user: 1 }, { user: "x".repeat(257) }, { user: "nul\0" }, null].map((labels) => [{ labels }]),
        [{ order: "asc" }],
      ],
      sweep: [
        ...[0, -1, 1.5, 10_001, Number.NaN, "5"].map((batch) => [{ batch }]),
        [{ dryRun: 1 }],
        [{ signal: {} }],
        [{ onProgress: "log" }],
        [{ keepLast: 1 }],
      ],
    },
  ],
  [
    THREAD_ID,
    {
      prune: [[["t", ""]], [["t", "\ud800"]], [["t", {}]]],
      copyThread: [
        ["", "copy"],
        ["t", ""],
        ["t", "x".repeat(1_025)],
        ["t", {}],
      ],
      stats: [[""], ["nul\0"], [null]],
    },
  ],
  [
    MISSING,
    {
      prune: [[["t", undefined]]],
      copyThread: [[undefined, "copy"], ["t"]],
    },
  ],
  ["HOLDFAST_THREAD_EXISTS", { copyThread: [["t", "t"]] }],
];

/** Options of a saver that cannot be meant. */
const OPTIONS_REFUSED: readonly object[] = [
  ...[0, -1, 1.5, "1"].map((keepLast) => ({ retention: { keepLast } })),
  ...[-1, 0, 60_000, Number.NaN, CENTURY + 1, "1"].map((idleFor) => ({ retention: { idleFor } })),
  { retention: {} },
  { retention: { maxAge: 1 } },
  { retention: { keepLast: 1, maxAge: -1 } },
  { retention: { keepLast: 1, strategy: "delete" } },
  ...["user", [""], [1], ["x".repeat(257)], ["nul\0"]].map((labels) => ({ labels })),
];

async function call(saver: KeepingSaver, method: string, args: readonly unknown[]): Promise<unknown> {
  const result: unknown = Reflect.apply(Reflect.get(saver, method) as (...args: unknown[]) => unknown, saver, args);
  return method === "listThreads" ? (result as AsyncGenerator).next() : result;
}

/** Registers the tests of what is refused, and of dry runs. */
export function refusalTests(store: RetentionStore): void {
  async function threads(saver: KeepingSaver): Promise<void> {
    await putChain(saver, "t", 3, asRun("t", "run 1"));
    await putChain(saver, "u", 3, asRun("u", "run 1"));
  }
  const all = async (saver: KeepingSaver): Promise<Shown[][]> => [await shownOf(saver, "t"), await shownOf(saver, "u")];

  it("C-59 what cannot be meant is a typed error before any I/O, and changes nothing", async () => {
    const saver = store.open({ retention: { keepLast: 1 } });
    await threads(saver);
    const before = await all(saver);
    const asked = store.roundTrips(saver);
    const wrong: string[] = [];
    for (const [code, calls] of REFUSED) {
      for (const [method, some] of Object.entries(calls)) {
        for (const args of some) {
          const outcome = await call(saver, method, args).then(
            () => "done",
            (error: unknown) => (isHoldfastError(error) ? error.code : String(error)),
          );
          if (outcome !== code) wrong.push(`${method}(${inspect(args, { maxStringLength: 20 })}): ${outcome}`);
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(store.roundTrips(saver)).toBe(asked);
    expect(await all(saver)).toEqual(before);
  });

  it("C-59 options of a saver that cannot be meant are refused when it is made", () => {
    for (const options of OPTIONS_REFUSED) {
      expect(() => store.open(options as KeepingOptions), inspect(options)).toThrow(expect.objectContaining({ code: OPTIONS }));
    }
  });

  it("C-59 a sweep without the option retention is refused", async () => {
    const saver = store.open();
    await threads(saver);
    const asked = store.roundTrips(saver);
    await expect(saver.sweep()).rejects.toMatchObject({ code: OPTIONS });
    expect(store.roundTrips(saver)).toBe(asked);
  });

  it("C-59 of a list in which one thread is unknown, none is pruned", async () => {
    const saver = store.open();
    await threads(saver);
    const before = await all(saver);
    for (const policy of [{}, { strategy: "delete" }, { dryRun: true }] as const) {
      await expect(saver.prune(["t", "unknown", "u"], policy)).rejects.toMatchObject({ code: "HOLDFAST_THREAD_NOT_FOUND" });
    }
    await expect(saver.stats("unknown")).rejects.toMatchObject({ code: "HOLDFAST_THREAD_NOT_FOUND" });
    expect(await all(saver)).toEqual(before);
  });

  it("C-59 with dryRun nothing changes, and the report says what would go", async () => {
    const saver = store.open();
    await threads(saver);
    const [before, underneath] = [await all(saver), await store.inspect("t")];
    const actions: readonly ((options: { readonly dryRun?: boolean }) => Promise<object>)[] = [
      (options) => saver.prune(["t"], { keepLast: 2, ...options }),
      (options) => saver.prune({ olderThan: 0, prefix: "t" }, { ...options }),
      (options) => saver.deleteForRuns(["run 1"], options),
      (options) => saver.prune(["u"], { strategy: "delete", ...options }),
    ];
    const said: object[] = [];
    for (const action of actions) {
      said.push(await action({ dryRun: true }));
      expect(await all(saver)).toEqual(before);
      expect(await store.inspect("t")).toEqual(underneath);
    }
    expect(said).toMatchObject([
      { threads: 1, checkpoints: 1, bytes: 0 },
      { threads: 1, checkpoints: 2, bytes: 0 },
      { threads: 2, checkpoints: 6, bytes: 0 },
      { threads: 1, deleted: 1, checkpoints: 3, bytes: 0 },
    ]);
    expect(await saver.prune(["u"], { strategy: "delete" })).toEqual({ ...said[3], bytes: expect.any(Number) });
    expect(await saver.prune(["t"], { keepLast: 2 })).toEqual({ ...said[0], bytes: expect.any(Number) });
    expect(await saver.deleteForRuns(["run 1"], { dryRun: false })).toMatchObject({ checkpoints: 2 });
    expect((await saver.list(on("t")).next()).done).toBe(true);
  });
}
