import { isDeepStrictEqual } from "node:util";
import { type DeserializationError, type ImportMismatchError, isHoldfastError } from "@holdfast/checkpoint-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { printed } from "../failure.js";
import { integerOf, type Random, seededRandom } from "../seeded.js";
import type { TestStore } from "../target.js";
import { CRAFT_NAMES, type CraftedRow, craftPayload, craftRecord, randomCraft } from "./crafted.js";
import { damaged } from "./damage.js";
import { COPY, type Found, OPERATIONS, type Operation, type ReadTuple, type Savers, type TupleKey } from "./operations.js";
import { MARKER, type PutCheckpoint, type PutSlot, storeThreads, THREADS } from "./threads.js";
import type { StoredBytesTarget, StoredField, UnderlyingRows } from "./underlying-rows.js";

/** Rows in all; `pnpm soak --only stored-bytes` reads 20,000. Those that are crafted may inflate, and take the longest. */
const ROWS = Number(process.env.HOLDFAST_FUZZ_ROWS ?? 300);
const [DAMAGED, SWAPPED, CRAFTED] = [0.5, 0.4, 0.1].map((share) => Math.ceil(share * ROWS)) as [number, number, number];
const SEED = Number(process.env.HOLDFAST_TEST_SEED ?? 1);
const MAX_VALUE_BYTES = 16 * 1024 * 1024;
/** What reading a row may take, on top of what the process has. */
const MAX_MEMORY_BYTES = 256 * 1024 * 1024;
/** Far beyond any load: what takes longer hangs. */
const HANG_MS = 120_000 + ROWS * 1_000;

/** What was done to a row. */
interface Case {
  readonly name: string;
  /** `"bytes"`: what they say is right, or is refused. `"place"`: the row may be missed. `"crafted"`: it is data, whatever it says, or is refused. */
  readonly of: "bytes" | "place" | "crafted";
  readonly threads: readonly string[];
}

/** Registers the tests that read rows which something else than a saver has damaged, moved or made. */
export function storedByteTests(target: StoredBytesTarget): void {
  let store: TestStore;
  let rows: UnderlyingRows;
  let savers: Savers;
  let checkpoints: readonly PutCheckpoint[];
  let slots: readonly PutSlot[];
  /** What each operation reads of each thread as it was stored. */
  const intact = new Map<string, Found>();

  beforeAll(async () => {
    store = await target.openStore();
    const options = { maxValueBytes: MAX_VALUE_BYTES, retention: { keepLast: 2 }, retry: { maxAttempts: 2, minDelayMs: 1 } };
    const writer = target.open(store.url);
    ({ checkpoints, slots } = await storeThreads(writer));
    await target.close(writer);
    savers = { cold: target.open(store.url, { ...options, cacheBytes: 0 }), warm: target.open(store.url, options) };
    rows = await target.openRows(store.url);
    for (const [name, operation] of Object.entries(OPERATIONS)) {
      for (const thread of THREADS) intact.set(`${name} ${thread}`, await read(operation, thread));
      await rows.restore();
    }
    for (const [name, { errors }] of intact) expect(errors, name).toEqual([]);
  });
  afterAll(async () => {
    await rows?.close();
    await Promise.all(Object.values(savers ?? {}).map((saver) => target.close(saver)));
    await store?.drop();
  });

  const keysOf = (thread: string): TupleKey[] =>
    checkpoints.filter((each) => each.thread === thread).map(({ namespace, id }) => `${namespace}\0${id}`);

  async function read({ run }: Operation, thread: string): Promise<Found> {
    const found: Found = { tuples: new Map(), others: [], errors: [] };
    await run(savers, thread, keysOf(thread), found);
    return found;
  }

  /** Reads threads by two operations that show most, and by one of the others, and says what is wrong. Whether something was refused. */
  async function judged(what: Case, random: Random): Promise<boolean> {
    const names = Object.keys(OPERATIONS);
    const others = names.slice(2);
    let isRefused = false;
    for (const name of [...names.slice(0, 2), pick(others, random)]) {
      const operation = OPERATIONS[name] as Operation;
      for (const thread of what.threads) {
        const found = await read(operation, thread);
        const [expected, whole] = [name, "list with onError"].map((each) => intact.get(`${each} ${thread}`)) as [Found, Found];
        const title = `${what.name}, read by ${name} of ${thread}`;
        for (const error of found.errors) expectNamed(error, what, title);
        if (what.of !== "crafted") expectAsStored(found, expected, whole, operation, what, title);
        isRefused ||= found.errors.length > 0;
      }
    }
    return isRefused;
  }

  /** Does something to a row again and again, each time to the rows as they were. How many were refused. */
  async function run(rowCount: number, change: (random: Random, row: number) => Promise<Case | undefined>): Promise<number> {
    const random = seededRandom(SEED);
    const memory = watchMemory();
    let refused = 0;
    let slowest = { name: "", ms: 0 };
    for (let row = 0; row < rowCount; ) {
      await rows.restore();
      const what = await change(random, row);
      if (what === undefined) continue;
      row += 1;
      const named = { ...what, name: `row ${row} (HOLDFAST_TEST_SEED=${SEED}): ${what.name.replaceAll("\0", "/")}` };
      const start = performance.now();
      if (await judged(named, random)) refused += 1;
      const ms = performance.now() - start;
      if (ms > slowest.ms) slowest = { name: named.name, ms };
      memory.expectBounded(named.name);
    }
    await rows.restore();
    if (process.env.HOLDFAST_FUZZ_ROWS !== undefined) {
      const most = Math.round(memory.most() / 1024 / 1024);
      process.stdout.write(
        `${rowCount} rows, ${refused} refused; at most ${most} MiB, and ${Math.round(slowest.ms)} ms (${slowest.name})\n`,
      );
    }
    return refused;
  }

  it("C-62 C-68 damaged or cut, rows read as they were stored or are refused by name, whatever reads them", {
    timeout: HANG_MS,
  }, async () => {
    const refused = await run(DAMAGED, async (random) => {
      const field = pick(rows.fields, random);
      const bytes = damaged(field.bytes, random);
      if (bytes.equals(field.bytes) || !(await rows.change([{ field, bytes }]))) return undefined;
      const of = target.places.has(field.kind) ? "place" : "bytes";
      return { name: `${field.kind} of ${field.owner}`, of, threads: [field.thread] };
    });
    expect(refused).toBeGreaterThan(DAMAGED / 4);
  });

  it("C-62 C-68 where they changed places, rows read as they were stored or are refused by name", {
    timeout: HANG_MS,
  }, async () => {
    const refused = await run(SWAPPED, async (random) => {
      const one = pick(rows.fields, random);
      const alike = rows.fields.filter(({ kind, bytes }) => kind === one.kind && !bytes.equals(one.bytes));
      if (alike.length === 0) return undefined;
      const other = pick(alike, random);
      const changes = [
        { field: one, bytes: other.bytes },
        { field: other, bytes: one.bytes },
      ];
      if (!(await rows.change(changes))) return undefined;
      const of = target.places.has(one.kind) ? "place" : "bytes";
      return { name: `${one.kind} of ${one.owner} and ${other.owner}`, of, threads: [...new Set([one.thread, other.thread])] };
    });
    expect(refused).toBeGreaterThan(SWAPPED / 4);
  });

  it("C-62 C-65 crafted with valid sums, rows are data or are refused by name", { timeout: HANG_MS }, async () => {
    const refused = await run(CRAFTED, async (random, row) => {
      // Each of them once, and then any.
      const name = CRAFT_NAMES[row] ?? randomCraft(random);
      const isRecord = random() < 0.5;
      const owner = isRecord ? pick(checkpoints, random) : pick(slots, random);
      const crafted = "slot" in owner ? craftPayload(name, owner, random) : craftRecord(name, owner, random);
      if (!(await put(owner, crafted))) return undefined;
      return { name: `${name} in a ${isRecord ? "record" : "payload"}`, of: "crafted", threads: [owner.thread] };
    });
    expect(refused).toBeGreaterThan(CRAFTED / 4);
    expect(refused).toBeLessThan(CRAFTED);
    expect("polluted" in {}).toBe(false);
  });

  function put(owner: PutCheckpoint | PutSlot, { body, links, metadata, segments }: CraftedRow): Promise<boolean> {
    const isSlot = "slot" in owner;
    const key = `${owner.namespace}\0${isSlot ? owner.checkpointId : owner.id}`;
    const field = (kind: string): StoredField => {
      const found = rows.fields.find(
        (each) => each.kind === kind && each.thread === owner.thread && each.owner === (isSlot ? `${key}\0${owner.taskId}` : key),
      );
      if (found === undefined) throw new Error(`There is no ${kind} of ${key}.`);
      return found;
    };
    const table = isSlot ? "write" : "checkpoint";
    const changes = [
      { field: field(isSlot ? "write.payload" : "checkpoint.record"), bytes: body },
      { field: field(`${table}.links`), bytes: Buffer.from(links.join(""), "hex") },
    ];
    if (metadata !== undefined) changes.push({ field: field("checkpoint.metadata"), bytes: Buffer.from(metadata) });
    return rows.change(changes, { thread: owner.thread, segments });
  }
}

function pick<T>(items: readonly T[], random: Random): T {
  return items[integerOf(random, 0, items.length - 1)] as T;
}

/** An error of ours, which names thread and checkpoint, and says nothing of what is stored. */
function expectNamed(error: unknown, { of }: Case, title: string): void {
  // What is crafted may be read, and be nothing that another saver can keep: that one says so in its own words.
  const isOfOther =
    of === "crafted" &&
    title.includes("read by importThreads") &&
    String((error as Error).stack).includes("langgraph-checkpoint/");
  if (isOfOther && !isHoldfastError(error)) return;
  if (!isHoldfastError(error)) throw new Error(`${title} ended with an error that is not ours`, { cause: error });
  expect(printed(error), title).not.toContain(MARKER);
  if (of === "place" && error.code !== "HOLDFAST_DESERIALIZATION") return;
  const { code, threadId, checkpointId } = error as DeserializationError | ImportMismatchError;
  if (of !== "crafted" || code !== "HOLDFAST_IMPORT_MISMATCH") expect(code, title).toBe("HOLDFAST_DESERIALIZATION");
  expect([...THREADS, COPY], title).toContain(threadId);
  expect(checkpointId, title).toEqual(expect.any(String));
}

/** @param whole all that stands in the thread: an operation that decides by something damaged may read others of it. */
function expectAsStored(
  found: Found,
  expected: Found,
  whole: Found,
  { isWhole, decides }: Operation,
  { of }: Case,
  title: string,
): void {
  for (const [key, tuple] of found.tuples) {
    const stored = expected.tuples.get(key) ?? whole.tuples.get(key);
    if (isDeepStrictEqual(tuple, stored) || (of === "place" && isPartOf(tuple, stored))) continue;
    expect(tuple, `${title}: ${key.replace("\0", "/")}`).toEqual(stored);
    throw new Error(`${title}: ${key} is not as it was stored`);
  }
  if (of === "place") return;
  if (found.errors.length === 0 && decides !== true) {
    expect([...found.tuples.keys()], title).toEqual([...expected.tuples.keys()]);
    expect(found.others, title).toEqual(expected.others);
  }
  if (isWhole && found.tuples.size + found.errors.length !== expected.tuples.size)
    throw new Error(`${title}: not each is read or refused`, { cause: new AggregateError(found.errors) });
}

/** The same checkpoint, with some of its writes in any order: where a row of writes stands decides whether it is seen, and when. */
function isPartOf(tuple: ReadTuple, stored: ReadTuple | undefined): boolean {
  if (stored === undefined) return false;
  const { pendingWrites: some = [], ...rest } = tuple;
  const { pendingWrites: all = [], ...others } = stored;
  return isDeepStrictEqual(rest, others) && some.every((write) => all.some((each) => isDeepStrictEqual(each, write)));
}

/** By the high-water mark of the process, from what it held before each row. */
function watchMemory(): { most(): number; expectBounded(title: string): void } {
  const highest = (): number => process.resourceUsage().maxRSS * 1024;
  let [before, high, most] = [process.memoryUsage.rss(), highest(), 0];
  return {
    most: () => most,
    expectBounded(title) {
      if (highest() > high) {
        high = highest();
        most = Math.max(most, high - before);
        expect(high - before, `${title}: bytes of memory`).toBeLessThan(MAX_MEMORY_BYTES);
      }
      before = process.memoryUsage.rss();
    },
  };
}
