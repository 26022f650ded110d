import { once } from "node:events";
import { inspect } from "node:util";
import * as core from "@holdfast/checkpoint-core";
import {
  exclusive,
  type HoldfastEvent,
  type HoldfastSaver,
  HoldfastSerializer,
  importThreads,
  resumeAbandoned,
} from "@holdfast/checkpoint-core";
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { counterGraph } from "./counter-graph.js";
import { failureOf } from "./failure.js";
import { at, checkpointOf, putWhole } from "./plain-checkpoints.js";
import type { AdapterTarget, OpenOptions, TestedSaver, TestStore } from "./target.js";

interface AnySaver extends HoldfastSaver, Pick<TestedSaver, "setup"> {}

interface Options extends OpenOptions {
  readonly onEvent?: (event: HoldfastEvent) => void;
  readonly labels?: readonly string[];
}

export interface SurfaceTarget extends Pick<AdapterTarget, "openStore"> {
  /** The class, as errors call it, and what makes one from an address. */
  readonly saver: string;
  readonly fromAddress: string;
  /** All that the package exports. */
  readonly entry: object;
  open(url: string, options?: Options): AnySaver;
  close(saver: AnySaver): Promise<void>;
  /** Calls the constructor with a pool or client that is never used, and these arguments behind it. */
  construct(...more: readonly unknown[]): AnySaver;
  /** Makes a saver from an address where nobody is asked, with these options. */
  connect(options: object): AnySaver;
  /** An address where nobody listens. */
  nobodyListens(): string;
  /** Options with keys that there are not, below the first level, and what has no such key. */
  readonly nested: readonly (readonly [options: object, owner: string])[];
}

const refused = (message: RegExp): object => ({
  name: "InvalidOptionsError",
  code: "HOLDFAST_INVALID_OPTIONS",
  message: expect.stringMatching(message) as string,
});

/** Takes the first item of a list. */
async function first(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items) return;
}

/** Calls with an option that there is not, each with the name by which it is refused. */
const UNKNOWN: readonly (readonly [owner: string, call: (saver: AnySaver) => Promise<unknown>])[] = [
  ["list", (saver) => first(saver.list({}, { lable: {} } as object))],
  ["listThreads", (saver) => first(saver.listThreads({ prefx: "a" } as object))],
  ["prune", (saver) => saver.prune({ olderThan: 1, prefx: "a" } as never)],
  ["prune", (saver) => saver.prune(["a"], { keepLats: 1 } as object)],
  ["deleteForRuns", (saver) => saver.deleteForRuns(["a"], { dryrun: true } as object)],
  ["deleteThread", (saver) => saver.deleteThread("a", { leese: 1 } as object)],
  ["sweep", (saver) => saver.sweep({ bacth: 1 } as object)],
  ["verify", (saver) => saver.verify("a", { onProgres: 1 } as object)],
  ["acquireThread", (saver) => saver.acquireThread("a", { ttl: 1 } as object)],
  ["abandonedThreads", (saver) => first(saver.abandonedThreads({ waitMs: 1 } as object))],
  [
    "resumeAbandoned",
    (saver) => resumeAbandoned(counterGraph(saver), saver, { signal: AbortSignal.abort(), maxTires: 1 } as never),
  ],
  ["exclusive", async (saver) => exclusive(counterGraph(saver), { whenBussy: "wait" } as object)],
  ["importThreads", (saver) => importThreads(new MemorySaver(), saver, { onProgres: 1 } as object)],
  ["HoldfastSerializer", async () => new HoldfastSerializer({ alow: [] } as object)],
];

/** Calls whose options are no object, or not of their kind. */
const NOT_OPTIONS: Readonly<Record<string, (saver: AnySaver) => Promise<unknown>>> = {
  "listThreads(null)": (saver) => first(saver.listThreads(null as never)),
  "prune(…, null)": (saver) => saver.prune(["a"], null as never),
  "list({}, 7)": (saver) => first(saver.list({}, 7 as never)),
  "exclusive(…, null)": async (saver) => exclusive(counterGraph(saver), null as never),
  "resumeAbandoned(…, null)": (saver) => resumeAbandoned(counterGraph(saver), saver, null as never),
  "importThreads(…, null)": (saver) => importThreads(new MemorySaver(), saver, null as never),
  "deleteForRuns(…, null)": (saver) => saver.deleteForRuns(["a"], null as never),
  "abandonedThreads(null)": (saver) => first(saver.abandonedThreads(null as never)),
  "sweep([])": (saver) => saver.sweep([] as object),
  "acquireThread(…, 7)": (saver) => saver.acquireThread("a", 7 as never),
  "deleteThread(…, lease: token)": (saver) => saver.deleteThread("a", { lease: "17" as never }),
  "prune(…, lease: token)": (saver) => saver.prune(["a"], { lease: "17" as never }),
};

/** Registers the tests of what both adapters show to those who use them. */
export function surfaceTests(target: SurfaceTarget): void {
  let store: TestStore;
  beforeAll(async () => {
    store = await target.openStore();
  });
  afterAll(async () => store?.drop());

  it("C-75 everything that applications need of core is exported, every class of errors included", () => {
    const { entry } = target;
    for (const [name, value] of Object.entries(core)) expect(entry, name).toHaveProperty(name, value);
    expect(entry).toHaveProperty("ThreadBusyError");
    expect(entry).toHaveProperty("parseThreadId");
  });

  it("C-80 setup() answers with a list of warnings", async () => {
    const saver = target.open(store.url);
    expect(await saver.setup()).toEqual({ warnings: expect.any(Array) as unknown });
    await target.close(saver);
  });

  describe("unknown options", () => {
    for (const [options, owner] of target.nested) {
      it(`C-59 ${inspect(options)} are refused by the name of ${owner}`, async () => {
        const [[, inner]] = Object.entries(options) as [[string, object]];
        const [name] = Object.keys(inner);
        const message = refused(new RegExp(`option ${name} of ${owner}\\.`));
        expect(await failureOf(async () => target.construct(options))).toMatchObject(message);
        expect(await failureOf(async () => target.connect(options))).toMatchObject(message);
      });
    }

    it("C-59 are refused by the name of the constructor, and of what makes a saver from an address", async () => {
      const message = (owner: string): object => refused(new RegExp(`option colour of ${owner}\\.`));
      expect(await failureOf(async () => target.construct({ colour: 1 }))).toMatchObject(message(target.saver));
      expect(await failureOf(async () => target.construct(undefined, { colour: 1 }))).toMatchObject(message(target.saver));
      expect(await failureOf(async () => target.connect({ colour: 1 }))).toMatchObject(message(target.fromAddress));
    });

    for (const [owner, call] of UNKNOWN) {
      it(`C-59 of ${owner} are refused by its name, before any I/O`, async () => {
        const saver = target.open(target.nobodyListens(), { retry: { maxAttempts: 1 } });
        expect(await failureOf(() => call(saver))).toMatchObject(refused(new RegExp(`^Unknown option \\w+ of ${owner}\\.`)));
        await target.close(saver);
      });
    }

    for (const [name, call] of Object.entries(NOT_OPTIONS)) {
      it(`C-59 ${name} is refused before any I/O`, async () => {
        const saver = target.open(target.nobodyListens(), { retry: { maxAttempts: 1 } });
        expect(await failureOf(() => call(saver))).toMatchObject({ code: "HOLDFAST_INVALID_OPTIONS" });
        await target.close(saver);
      });
    }
  });

  describe("the constructor", () => {
    const serde = new HoldfastSerializer();

    it("C-63 takes a serde, options or both behind its client", async () => {
      expect(target.construct().serde).toBeInstanceOf(HoldfastSerializer);
      for (const args of [
        [serde],
        [serde, {}],
        [serde, undefined],
        [{ serde }],
        [undefined, { serde }],
        [{ serde }, undefined],
      ]) {
        expect(target.construct(...args).serde, inspect(args)).toBe(serde);
      }
      expect(target.connect({ serde }).serde).toBe(serde);
    });

    it("C-59 never passes over an argument", async () => {
      const wrong: readonly unknown[][] = [
        [{}, serde],
        [{}, {}],
        [serde, { serde }],
        [serde, null],
        [null],
        [null, {}],
        [7],
        ["agents"],
        [[]],
        [{ serde: {} }],
        [undefined, { serde: "json" }],
        [{ dumpsTyped: () => undefined }],
        [serde, []],
      ];
      for (const args of wrong) {
        expect(await failureOf(async () => target.construct(...args)), inspect(args)).toMatchObject({
          code: "HOLDFAST_INVALID_OPTIONS",
        });
      }
    });
  });

  eventTests(target, () => store.url);
}

function eventTests(target: SurfaceTarget, urlOf: () => string): void {
  const opened = (options: Options = {}, url = urlOf()): { saver: AnySaver; events: HoldfastEvent[] } => {
    const events: HoldfastEvent[] = [];
    return { saver: target.open(url, { ...options, onEvent: (event) => void events.push(event) }), events };
  };

  it("C-130 onEvent is told of each call when it has ended, and of its thread", async () => {
    const { saver, events } = opened();
    const checkpoint = checkpointOf({ log: ["secret"] });
    await putWhole(saver, "told", checkpoint);
    await saver.putWrites(at("told", checkpoint.id), [["log", "secret"]], "task");
    await saver.getTuple(at("told"));
    for await (const { config } of saver.list(at("told"))) expect(config).toBeDefined();
    await first(saver.listThreads());
    await saver.deleteThread("told");
    await failureOf(() => saver.copyThread("told", "elsewhere"));
    const calls = events.filter((event) => event.kind === "operation");
    expect(calls.map(({ operation, threadId }) => [operation, threadId])).toEqual([
      ["put", "told"],
      ["putWrites", "told"],
      ["getTuple", "told"],
      ["list", "told"],
      ["listThreads", undefined],
      ["deleteThread", "told"],
      ["copyThread", "told"],
    ]);
    expect(calls.map(({ durationMs }) => durationMs >= 0)).toEqual(calls.map(() => true));
    expect(calls.map(({ error }) => error)).toEqual([
      ...Array.from({ length: 6 }, () => undefined),
      expect.objectContaining({ code: "HOLDFAST_THREAD_NOT_FOUND" }),
    ]);
    expect(inspect(events, { depth: 20 })).not.toContain("secret");
    await target.close(saver);
  });

  it("C-130 onEvent is told of a graph's calls, with or without a lease", async () => {
    const { saver, events } = opened();
    for (const graph of [counterGraph(saver), exclusive(counterGraph(saver))]) {
      events.length = 0;
      await graph.invoke({ by: 1 }, at("counted"));
      const operations = new Set(events.map((event) => event.kind === "operation" && event.operation));
      expect([...operations]).toEqual(expect.arrayContaining(["getTuple", "put", "putWrites"]));
    }
    expect(events.filter((event) => event.kind === "operation" && event.operation === "acquireThread")).toHaveLength(1);
    await target.close(saver);
  });

  it("C-130 onEvent is told of retries, with the error that would be the last", async () => {
    const { saver, events } = opened({ retry: { maxAttempts: 3, minDelayMs: 1, maxDelayMs: 2 } }, target.nobodyListens());
    const error = await failureOf(() => saver.getTuple(at("1")));
    const retry = {
      kind: "retry",
      operation: "getTuple",
      delayMs: expect.any(Number) as number,
      leftMs: expect.any(Number) as number,
      error: expect.objectContaining({
        code: "HOLDFAST_STORE_UNAVAILABLE",
        message: expect.stringMatching(/:1\b/) as string,
      }) as unknown,
    };
    expect(events).toEqual([
      { ...retry, attempt: 1 },
      { ...retry, attempt: 2 },
      { kind: "operation", operation: "getTuple", threadId: "1", durationMs: expect.any(Number) as number, error },
    ]);
    await target.close(saver);
  });

  it("C-130 onEvent is told of a lease that was lost, and of none that was released or handed over", async () => {
    const { saver, events } = opened();
    const released = await saver.acquireThread("released", { ttlMs: 3_000 });
    await released.release();
    const lease = await saver.acquireThread("lost", { ttlMs: 3_000 });
    const lost = once(lease.signal, "abort");
    const other = target.open(urlOf());
    await other.deleteThread("lost", { lease });
    await lost;
    await saver.acquireThread("handed over", { ttlMs: 3_000 });
    await Promise.all([target.close(other), target.close(saver)]);
    expect(events.filter(({ kind }) => kind === "lease-lost")).toEqual([{ kind: "lease-lost", threadId: "lost" }]);
  });

  it("C-130 what onEvent throws, at once or later, hurts nothing", async () => {
    const listeners: readonly (() => void)[] = [
      () => {
        throw new Error("broken");
      },
      async () => {
        throw new Error("broken later");
      },
    ];
    for (const onEvent of listeners) {
      const saver = target.open(urlOf(), { onEvent });
      await putWhole(saver, "quiet", checkpointOf({ a: 1 }));
      expect((await saver.getTuple(at("quiet")))?.checkpoint.channel_values).toEqual({ a: 1 });
      const lease = await saver.acquireThread("quiet");
      await lease.release();
      await target.close(saver);
    }
  });

  it("C-130 onEvent must be a function", async () => {
    expect(await failureOf(async () => target.connect({ onEvent: "log" }))).toMatchObject(refused(/onEvent/));
  });
}
