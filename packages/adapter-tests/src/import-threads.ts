// One file: importing and exporting share the old stores, and each test compares both sides.
import { type ImportProgress, importThreads } from "@holdfast/checkpoint-core";
import { AIMessage } from "@langchain/core/messages";
import { type BaseCheckpointSaver, type CheckpointTuple, MemorySaver } from "@langchain/langgraph-checkpoint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failureOf } from "./failure.js";
import { allOf } from "./migration/all-of.js";
import { type OldStore, officialPostgres, oldStores } from "./migration/old-savers.js";
import { oldThreads, putOldFormat } from "./migration/old-threads.js";
import { watched } from "./migration/watched-saver.js";
import { countIn, wholeThread } from "./migration/whole-thread.js";
import { at, checkpointOf, listedIds, putWhole } from "./plain-checkpoints.js";
import { integerOf, seeded } from "./seeded.js";
import type { MigrationTarget, TestedSaver, TestStore } from "./target.js";
import { runOrders, threadHistory } from "./thread-history.js";
import { plainValue } from "./written-values.js";

/** The history of a thread, whatever the ids of the tasks that asked, and in whatever order a saver reads channels. */
async function anyTasks(saver: BaseCheckpointSaver, thread: string): Promise<unknown> {
  const entries = (await threadHistory(saver, thread)).map((entry) =>
    JSON.stringify(entry, (_, value: unknown) => (isPlain(value) ? Object.fromEntries(Object.entries(value).sort()) : value)),
  );
  return entries.map((text): unknown => JSON.parse(text.replaceAll(/[0-9a-f]{32}/g, "id"))).sort(compareText);
}

const isPlain = (value: unknown): value is object => typeof value === "object" && value !== null && !Array.isArray(value);
const compareText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

/** Registers the tests of threads that come from other savers, and go back. */
export function importThreadTests(target: MigrationTarget): void {
  let store: TestStore;
  let saver: TestedSaver;

  beforeAll(async () => {
    store = await target.openStore();
    saver = target.open(store.url);
  });
  afterAll(async () => {
    if (saver !== undefined) await target.close(saver);
    await store?.drop();
  });

  for (const [from, openOld] of Object.entries(oldStores)) {
    describe(`from ${from}`, () => {
      let old: OldStore;
      const ids = Object.fromEntries(Object.keys(oldThreads).map((kind) => [kind, `${from}: ${kind}`]));

      beforeAll(async () => {
        old = await openOld(target.postgresUrl());
        for (const [kind, { begin }] of Object.entries(oldThreads)) await begin(old.saver, ids[kind] as string);
      });
      afterAll(async () => old?.close());

      it("C-110 every thread comes over as it is: checkpoints, values, versions, parents, writes and their order", async () => {
        const seen: ImportProgress[] = [];
        const report = await importThreads(old.saver, saver, { batch: 3, onProgress: (progress) => seen.push(progress) });
        const threads = Object.values(ids);
        expect(report).toEqual({
          threads: threads.length,
          ...(await countIn(old.saver, threads)),
          skipped: 0,
          leftAlone: [],
        });
        for (const id of threads) {
          const [then, now] = await Promise.all([wholeThread(old.saver, id), wholeThread(saver, id)]);
          expect(now, id).toEqual(then);
          expect(seen.filter(({ threadId }) => threadId === id).at(-1)?.checkpoints).toBe(Object.values(then).flat().length);
        }
        for (const { channel_versions } of (await allOf(saver.list(at(ids["has a fork"] as string)))).map(
          ({ checkpoint }) => checkpoint,
        )) {
          for (const version of Object.values(channel_versions)) expect(Number.isInteger(version)).toBe(true);
        }
      });

      it("C-111 imported again, what is there is compared and not written again", async () => {
        const touched: string[] = [];
        const again = watched(saver, (method) => void (method.startsWith("put") && touched.push(method)));
        const report = await importThreads(old.saver, again, { threads: new Set(Object.values(ids)) });
        const { checkpoints } = await countIn(old.saver, Object.values(ids));
        const threads = Object.keys(ids).length;
        expect(report).toEqual({ threads, checkpoints: 0, writes: 0, skipped: checkpoints, leftAlone: [] });
        expect(touched).toEqual([]);
      });

      for (const [kind, { begin, goOn }] of Object.entries(oldThreads)) {
        if (goOn === undefined) continue;
        it(`C-110 a thread that ${kind} goes on as before`, async () => {
          const [id, native] = [ids[kind] as string, `${from}: all of it here: ${kind}`];
          const [there, here] = [await goOn(old.saver, id), await goOn(saver, id)];
          expect(plainValue(here)).toEqual(plainValue(there));
          // What came of the fork in the official Postgres saver, which reads values of the one branch in the other, would come of it nowhere else.
          if (kind === "has a fork" && from.includes("Postgres")) return;
          // Ours carries a snapshot over to the checkpoints that follow.
          if (kind === "has delta channels") return;
          await begin(saver, native);
          await goOn(saver, native);
          expect(await anyTasks(saver, id)).toEqual(await anyTasks(saver, native));
        });
      }

      it("C-110 messages in metadata, as LangGraph once kept them there, come over as what they are stored as", async () => {
        const id = `${from}: old metadata`;
        const checkpoint = checkpointOf({ log: [] });
        const said = new AIMessage("I look");
        const metadata = { source: "loop" as const, step: 0, parents: {}, writes: { agent: { messages: [said] } } };
        await old.saver.put(at(id), checkpoint, metadata, checkpoint.channel_versions);
        await importThreads(old.saver, saver, { threads: [id] });
        const stored = { ...metadata, writes: { agent: { messages: [plainValue(said)] } } };
        expect((await saver.getTuple(at(id)))?.metadata).toEqual(stored);
        expect((await importThreads(old.saver, saver, { threads: [id] })).skipped).toBe(1);
      });

      it("C-110 a thread in a format before 4 has the sends of its tasks", async () => {
        const id = `${from}: old format`;
        await putOldFormat(old.saver, id);
        await importThreads(old.saver, saver, { threads: [id] });
        const sends = (tuple: CheckpointTuple): unknown => tuple.checkpoint.channel_values.__pregel_tasks ?? [];
        const [then, now] = await Promise.all(
          [old.saver, saver].map(async (each) => (await allOf(each.list(at(id)))).map(sends)),
        );
        expect(now).toEqual(then);
        expect(now).toEqual([[], [expect.objectContaining({ node: "a" }), expect.objectContaining({ node: "b" })], []]);
        expect((await importThreads(old.saver, saver, { threads: [id] })).skipped).toBe(3);
      });

      it(
        "C-111 an import that breaks off anywhere goes on when it is run again, and doubles nothing",
        seeded(async (random) => {
          const id = `${from}: broken off ${random()}`;
          await oldThreads["waits in a subgraph"]?.begin(old.saver, id);
          await runOrders(old.saver, id, ["then this"]);
          const { checkpoints } = await countIn(old.saver, [id]);
          let breaks = 0;
          for (;;) {
            let callsLeft = integerOf(random, 1, 12);
            // Before a write, or behind it: then it was made, and the answer is lost.
            const isBehind = random() < 0.5;
            const broken = watched(saver, async (method, args) => {
              if (!method.startsWith("put")) return undefined;
              callsLeft -= 1;
              if (callsLeft > 0) return undefined;
              if (isBehind) await (saver[method as "put"] as (...all: unknown[]) => Promise<unknown>).apply(saver, [...args]);
              throw new Error("broken off");
            });
            const outcome = await importThreads(old.saver, broken, { threads: [id] }).catch((error: unknown) => error);
            if (!(outcome instanceof Error)) {
              expect(outcome).toMatchObject({ threads: 1, leftAlone: [] });
              break;
            }
            expect(outcome.message).toBe("broken off");
            breaks += 1;
          }
          expect(breaks).toBeGreaterThan(0);
          expect(await wholeThread(saver, id)).toEqual(await wholeThread(old.saver, id));
          expect(await countIn(saver, [id])).toMatchObject({ checkpoints });
        }),
      );
    });
  }

  it("C-110 savers that buffer what they list are asked for a few checkpoints at a time", async () => {
    const old = await officialPostgres(target.postgresUrl());
    await runOrders(old.saver, "long", ["first", "second", "third"]);
    const limits: unknown[] = [];
    const source = watched(old.saver, (method, [, options]) => {
      if (method === "list") limits.push((options as { limit?: number } | undefined)?.limit);
    });
    await importThreads(source, saver, { batch: 4, threads: ["long"] });
    expect(limits.length).toBeGreaterThan(5);
    expect(new Set(limits)).toEqual(new Set([4]));
    expect(await wholeThread(saver, "long")).toEqual(await wholeThread(old.saver, "long"));
    await old.close();
  });

  it("C-111 a signal ends an import before the next checkpoint, with its reason", async () => {
    const source = new MemorySaver();
    await runOrders(source, "aborted", ["first"]);
    const abort = new AbortController();
    const reason = new Error("enough");
    const onProgress = ({ checkpoints }: ImportProgress): void => {
      if (checkpoints === 3) abort.abort(reason);
    };
    expect(await failureOf(() => importThreads(source, saver, { threads: ["aborted"], signal: abort.signal, onProgress }))).toBe(
      reason,
    );
    expect(await countIn(saver, ["aborted"])).toMatchObject({ checkpoints: 3 });
    expect(await failureOf(() => importThreads(source, saver, { signal: abort.signal }))).toBe(reason);
    const { checkpoints } = await countIn(source, ["aborted"]);
    const report = await importThreads(source, saver, { threads: ["aborted"] });
    expect(report).toMatchObject({ skipped: 3, checkpoints: checkpoints - 3 });
  });

  it("C-111 a thread that has gone on in the target is left as it is there, and reported", async () => {
    const source = new MemorySaver();
    const threads = ["new run", "new write", "equal"].map((name) => `gone on: ${name}`);
    for (const id of threads) await oldThreads["waits for its first answer"]?.begin(source, id);
    await importThreads(source, saver, { threads });
    await oldThreads["waits for its first answer"]?.goOn?.(saver, threads[0] as string);
    const head = await saver.getTuple(at(threads[1] as string));
    await saver.putWrites(head?.config ?? {}, [["log", ["by a run that is going on"]]], "another task");
    for (const id of threads) await putWhole(source, id, checkpointOf({ log: ["the source has gone on, too"] }));
    const before = await Promise.all(threads.slice(0, 2).map((id) => wholeThread(saver, id)));
    const report = await importThreads(source, saver, { threads });
    expect(report).toMatchObject({ threads: 1, checkpoints: 1, leftAlone: threads.slice(0, 2) });
    expect(await Promise.all(threads.slice(0, 2).map((id) => wholeThread(saver, id)))).toEqual(before);
  });

  it("C-111 what the target reads otherwise is an error that says what and where", async () => {
    const source = new MemorySaver();
    const checkpoint = checkpointOf({ list: [{ text: "as it was" }] });
    await putWhole(source, "altered", checkpoint);
    const altering = watched(saver, async (method, [config]) => {
      if (method !== "getTuple") return undefined;
      const tuple = await saver.getTuple(config as never);
      if (tuple !== undefined) tuple.checkpoint.channel_values.list = [{ text: "as it is" }];
      return tuple;
    });
    expect(await failureOf(() => importThreads(source, altering))).toMatchObject({
      code: "HOLDFAST_IMPORT_MISMATCH",
      threadId: "altered",
      namespace: "",
      checkpointId: checkpoint.id,
      path: "channel_values.list[0].text",
    });
    // The same id with another content was not written by us, and is not overwritten.
    await putWhole(saver, "other", { ...checkpoint, channel_values: { list: [] } });
    await putWhole(source, "other", checkpoint);
    expect(await failureOf(() => importThreads(source, saver, { threads: ["other"] }))).toMatchObject({
      code: "HOLDFAST_IMPORT_MISMATCH",
      path: "channel_values.list.length",
    });
    expect((await saver.getTuple(at("other")))?.checkpoint.channel_values.list).toEqual([]);
  });

  it("C-111 a target that refuses conflicting runs takes threads that began twice", async () => {
    const source = new MemorySaver();
    await putWhole(source, "began twice", checkpointOf({ log: ["one"] }));
    await putWhole(source, "began twice", checkpointOf({ log: ["two"] }));
    const strict = target.open(store.url, { onConflict: "reject" });
    await importThreads(source, strict, { threads: ["began twice"] });
    expect(await listedIds(strict, "began twice")).toEqual(await listedIds(source, "began twice"));
    await target.close(strict);
  });

  for (const [to, openOld] of Object.entries(oldStores)) {
    it(`C-110 threads go back into ${to}, and go on there`, async () => {
      const foreign = await openOld(target.postgresUrl());
      // A fork has values that the official Postgres saver would mix.
      const kinds = Object.entries(oldThreads).filter(([kind]) => kind !== "has a fork" || !to.includes("Postgres"));
      const threads = kinds.map(([kind]) => `to ${to}: ${kind}`);
      for (const [n, [, { begin }]] of kinds.entries()) await begin(saver, threads[n] as string);
      const report = await importThreads(saver, foreign.saver, { threads });
      expect(report).toMatchObject({ threads: threads.length, ...(await countIn(saver, threads)), leftAlone: [] });
      expect((await importThreads(saver, foreign.saver, { threads })).skipped).toBe(report.checkpoints);
      for (const [n, [kind, { goOn }]] of kinds.entries()) {
        const id = threads[n] as string;
        const [there, here] = [await goOn?.(foreign.saver, id), await goOn?.(saver, id)];
        expect(plainValue(there), kind).toEqual(plainValue(here));
      }
      await foreign.close();
    });
  }

  it("C-110 a store that a thread came from takes what came since", async () => {
    const old = await officialPostgres(target.postgresUrl());
    const id = "there and back";
    await runOrders(old.saver, id, ["first"]);
    await importThreads(old.saver, saver, { threads: [id] });
    const values = await runOrders(saver, id, ["second"]);
    const report = await importThreads(saver, old.saver, { threads: [id] });
    expect(report).toMatchObject({ threads: 1, leftAlone: [] });
    expect((await old.saver.getTuple(at(id)))?.checkpoint.channel_values).toMatchObject(values as object);
    expect(await runOrders(old.saver, id, ["third"])).toEqual(await runOrders(saver, id, ["third"]));
    await old.close();
  });

  it("C-111 a value in place of which the official serializer writes a text is not exported in silence", async () => {
    await putWhole(saver, "bigint", checkpointOf({ sum: { total: 1n }, date: new Date(0) }));
    expect(await failureOf(() => importThreads(saver, new MemorySaver(), { threads: ["bigint"] }))).toMatchObject({
      code: "HOLDFAST_IMPORT_MISMATCH",
      threadId: "bigint",
    });
  });

  it("C-111 what the official Postgres saver would mix is not exported in silence", async () => {
    const foreign = await officialPostgres(target.postgresUrl());
    const id = "mixed by the official saver";
    await putWhole(saver, id, { ...checkpointOf({ log: ["root"] }), id: "1" });
    await putWhole(saver, id, { ...checkpointOf({ log: ["one"] }, 2), id: "2" }, "1");
    await putWhole(saver, id, { ...checkpointOf({ log: ["other"] }, 2), id: "3" }, "1");
    expect(await failureOf(() => importThreads(saver, foreign.saver, { threads: [id] }))).toMatchObject({
      code: "HOLDFAST_IMPORT_MISMATCH",
      threadId: id,
      checkpointId: "3",
      path: "channel_values.log[0]",
    });
    await foreign.close();
  });

  describe("bad input is refused before any I/O", () => {
    const untouched = (): BaseCheckpointSaver =>
      watched(new MemorySaver(), (method) => {
        throw new Error(`${method} was called`);
      });
    const cases: readonly (readonly [name: string, run: () => Promise<unknown>, code?: string])[] = [
      ["no source", () => importThreads(undefined as never, saver)],
      ["a target that is no saver", () => importThreads(untouched(), {} as never)],
      ["one saver twice", () => importThreads(saver, saver)],
      ["an option that there is not", () => importThreads(untouched(), untouched(), { thread: ["a"] } as never)],
      ["threads that are one id", () => importThreads(untouched(), untouched(), { threads: "abc" as never })],
      ["threads that are a number", () => importThreads(untouched(), untouched(), { threads: 3 as never })],
      ["batch: 0", () => importThreads(untouched(), untouched(), { batch: 0 })],
      ["batch: 1.5", () => importThreads(untouched(), untouched(), { batch: 1.5 })],
      ["onProgress that is no function", () => importThreads(untouched(), untouched(), { onProgress: {} as never })],
      ["signal that is none", () => importThreads(untouched(), untouched(), { signal: {} as never })],
      ["an id that is none", () => importThreads(untouched(), untouched(), { threads: ["a", ""] }), "HOLDFAST_INVALID_THREAD_ID"],
    ];
    for (const [name, run, code = "HOLDFAST_INVALID_OPTIONS"] of cases) {
      it(`C-111 ${name}`, async () => {
        expect(await failureOf(run)).toMatchObject({ code });
      });
    }
  });
}
