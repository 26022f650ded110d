import { randomBytes } from "node:crypto";
import { type HoldfastSaver, importThreads, isHoldfastError } from "@holdfast/checkpoint-core";
import { type BaseCheckpointSaver, INTERRUPT, MemorySaver } from "@langchain/langgraph-checkpoint";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { printed } from "./failure.js";
import { at, checkpointOf } from "./plain-checkpoints.js";
import type { KeepingOptions, KeepingSaver, RetentionTarget } from "./retention/target.js";
import { configOf, MARKER, SUBGRAPH, storeThreads, THREADS } from "./stored-bytes/threads.js";
import type { TestStore } from "./target.js";

/** A store that fails in one way from now on. */
export interface FailingStore {
  /** Done before each request, where the fault is of a moment. */
  readonly beforeEachRequest?: () => Promise<unknown>;
  /** Where the fault is, if it is elsewhere. */
  readonly url?: string;
  end(): Promise<unknown>;
}

export interface ErrorsWithoutValuesTarget extends Pick<RetentionTarget, "openStore" | "open" | "close" | "beforeEachRequest"> {
  /** By what fails. */
  readonly faults: Readonly<Record<string, (store: TestStore) => Promise<FailingStore>>>;
}

const [THREAD] = THREADS;
/** In the source of migrations only. */
const OLD = "an old thread";
/** Beyond what an index can take, and what a server may be told to take in one piece. */
const LARGE = `${MARKER}${randomBytes(1_500_000).toString("base64")}`;

interface Savers {
  readonly saver: KeepingSaver;
  /** Migrates threads from `source` at their first write. */
  readonly migrating: KeepingSaver;
  readonly source: BaseCheckpointSaver;
  /** The head of the thread. */
  readonly head: string;
}

function put(
  saver: HoldfastSaver,
  thread: string,
  text: string,
  parent?: string,
  note = text.slice(0, 20_000),
): Promise<unknown> {
  const checkpoint = checkpointOf({ note: MARKER, text, list: [MARKER, { in: MARKER }] });
  const metadata = { source: "loop" as const, step: 9, parents: {}, note: `${MARKER} new ${note}` };
  return saver.put(at(thread, parent), checkpoint, metadata, checkpoint.channel_versions);
}

async function drained(items: AsyncIterable<unknown>): Promise<void> {
  for await (const item of items) expect(item).toBeDefined();
}

/** All operations; those that take something away come last. */
const OPERATIONS: Readonly<Record<string, (savers: Savers) => Promise<unknown>>> = {
  put: ({ saver, head }) => put(saver, THREAD, MARKER, head),
  "a second put": ({ saver, head }) => put(saver, THREAD, MARKER, head),
  "a put of much": ({ saver, head }) => put(saver, THREAD, LARGE, head),
  "a put of much metadata": ({ saver, head }) => put(saver, THREAD, MARKER, head, LARGE),
  "a put that begins a thread": ({ saver }) => put(saver, "new", MARKER),
  putWrites: ({ saver, head }) =>
    saver.putWrites(
      at(THREAD, head),
      [
        ["note", MARKER],
        ["text", LARGE],
      ],
      "task",
    ),
  "putWrites of an interrupt": ({ saver, head }) => saver.putWrites(at(THREAD, head), [[INTERRUPT, { value: MARKER }]], "task"),
  getTuple: ({ saver }) => saver.getTuple(at(THREAD)),
  "getTuple of a subgraph": ({ saver }) => saver.getTuple(configOf(THREAD, SUBGRAPH)),
  list: ({ saver }) => drained(saver.list(at(THREAD))),
  "list with a filter": ({ saver }) => drained(saver.list(at(THREAD), { filter: { note: MARKER } })),
  "list of all threads": ({ saver }) => drained(saver.list({})),
  getDeltaChannelHistory: ({ saver, head }) => saver.getDeltaChannelHistory({ config: at(THREAD, head), channels: ["delta"] }),
  listThreads: ({ saver }) => drained(saver.listThreads()),
  stats: ({ saver }) => saver.stats(THREAD),
  "stats of all": ({ saver }) => saver.stats(),
  acquireThread: async ({ saver }) => (await saver.acquireThread("leased")).release(),
  abandonedThreads: ({ saver }) => drained(saver.abandonedThreads()),
  "importThreads into it": ({ saver, source }) => importThreads(source, saver, { threads: [OLD] }),
  "importThreads from it": ({ saver }) => importThreads(saver, new MemorySaver(), { threads: [THREAD] }),
  "getTuple with a fallback": ({ migrating }) => migrating.getTuple(at(OLD)),
  "a put that migrates": ({ migrating }) => put(migrating, OLD, MARKER),
  copyThread: ({ saver }) => saver.copyThread(THREAD, "copy"),
  prune: ({ saver }) => saver.prune([THREAD], { keepLast: 1 }),
  deleteForRuns: ({ saver }) => saver.deleteForRuns(["run"]),
  sweep: ({ saver }) => saver.sweep(),
  deleteThread: ({ saver }) => saver.deleteThread(THREAD),
  setup: ({ saver }) => saver.setup(),
};

/** What is printed meanwhile, by whatever way. */
function watchLogs(): { lines(): string; end(): void } {
  const lines: string[] = [];
  const note = (...given: unknown[]): void => void lines.push(given.map(printed).join(" "));
  const streams = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, "write").mockImplementation((text) => {
      note(String(text));
      return true;
    }),
  );
  const names = ["log", "info", "warn", "error", "debug", "trace"] as const;
  const methods = names.map((name) => vi.spyOn(globalThis.console, name).mockImplementation(note));
  process.on("warning", note);
  return {
    lines: () => lines.join("\n"),
    end() {
      for (const spy of [...streams, ...methods]) spy.mockRestore();
      process.off("warning", note);
    },
  };
}

/** Registers the tests of what errors and logs say of values: nothing, whatever fails. */
export function errorsWithoutValuesTests(target: ErrorsWithoutValuesTarget): void {
  const stores: TestStore[] = [];
  const source = new MemorySaver();

  beforeAll(async () => {
    const checkpoint = checkpointOf({ note: MARKER, text: LARGE });
    const metadata = { source: "loop" as const, step: 1, parents: {}, note: MARKER };
    await source.put(at(OLD), checkpoint, metadata);
    await source.putWrites(at(OLD, checkpoint.id), [["note", MARKER]], "task");
  });
  afterAll(async () => void (await Promise.all(stores.map((store) => store.drop()))));

  for (const [what, fail] of Object.entries(target.faults)) {
    it(`C-62 C-71 ${what}: no error, warning or log line of any operation says a value`, async () => {
      const store = await target.openStore();
      stores.push(store);
      const writer = target.open(store.url);
      const { checkpoints } = await storeThreads(writer);
      await target.close(writer);
      const head = checkpoints.findLast(({ thread, namespace }) => thread === THREAD && namespace === "")?.id as string;
      const fault = await fail(store);
      const options: KeepingOptions = { retry: { maxAttempts: 2, minDelayMs: 1 }, retention: { keepLast: 1 } };
      const url = fault.url ?? store.url;
      const [saver, migrating] = [target.open(url, options), target.open(url, { ...options, fallback: source })];
      for (const each of [saver, migrating])
        target.beforeEachRequest(each, fault.beforeEachRequest && (async () => void (await fault.beforeEachRequest?.())));
      const logs = watchLogs();
      const failures: [name: string, error: unknown][] = [];
      for (const [name, operation] of Object.entries(OPERATIONS))
        await operation({ saver, migrating, source, head }).catch((error: unknown) => failures.push([name, error]));
      logs.end();
      await fault.end();
      await Promise.all([saver, migrating].map((each) => target.close(each)));
      for (const [name, error] of failures) {
        expect(isHoldfastError(error), `${name}: ${String(error)}`).toBe(true);
        // Not the whole, which may be long.
        expect(printed(error).includes(MARKER), `${name}: ${String(error).slice(0, 500)}`).toBe(false);
      }
      expect(logs.lines().includes(MARKER)).toBe(false);
      expect(failures.map(([name]) => name)).not.toEqual([]);
    });
  }
}
