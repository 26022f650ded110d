import { type BundledChild, bundleChild } from "@holdfast/adapter-tests";
import { allSuites, asInMemory, checkpointConformance, holdfastErrors } from "@holdfast/checkpoint-conformance";
import type { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { type TestDatabase, terminateBackends } from "@holdfast/test-servers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { closePooled, openPooled, poolOf } from "./pooled-savers.js";
import { rowsOf } from "./rows.js";
import { databaseWithTables, emptyDatabase } from "./saver-database.js";

/** All cases of the suite: none is skipped. A case that is added or taken out is counted here. */
const CASES = 351;

/** What another way to the same server can change. Whole programs are compared with MemorySaver by the first way alone: they make the same calls. */
export const callSuites = allSuites.filter((suite) => !asInMemory.includes(suite));

/** How savers get to a database of the server that all tests share. */
export interface PostgresKind {
  readonly name: string;
  /** Default: all. */
  readonly suites?: typeof allSuites;
  /** Called before the first test. Default: nothing is to be started. */
  start?(): Promise<void>;
  /** Called after the last test, before the databases are dropped. */
  stop?(): Promise<void>;
  /** Called for each database, before a saver gets to it. */
  prepare?(database: TestDatabase): Promise<void>;
  /** Called after the databases are dropped. */
  finish?(): Promise<void>;
  /** The URL for savers. Asked for when the tests run. */
  urlOf(database: TestDatabase): string;
}

/** Registers the suites. */
export function postgresConformance({ name, suites = allSuites, start, stop, prepare, finish, urlOf }: PostgresKind): void {
  let database: TestDatabase;
  let otherProcess: BundledChild;
  const empty: TestDatabase[] = [];

  beforeAll(async () => {
    await start?.();
    const module = new URL("./children/conformance-target.ts", import.meta.url);
    [database, otherProcess] = await Promise.all([databaseWithTables(), bundleChild(module)]);
    await prepare?.(database);
  });
  afterAll(async () => {
    await stop?.();
    await Promise.all([database, ...empty].map((each) => each?.drop()));
    await finish?.();
    await otherProcess?.remove();
  });

  async function newEmpty(): Promise<string> {
    const fresh = await emptyDatabase();
    empty.push(fresh);
    await prepare?.(fresh);
    return urlOf(fresh);
  }

  checkpointConformance(
    {
      name,
      errors: holdfastErrors,
      open: async ({ serde, ...options } = {}) => openPooled(urlOf(database), options, serde),
      close: (saver) => closePooled(saver as PostgresSaver),
      inspect: (threadId) => rowsOf(database.url, threadId),
      roundTrips: (saver) => poolOf(saver).statements,
      lifecycle: {
        openOnEmptyStore: async (count) => {
          const url = await newEmpty();
          return Array.from({ length: count }, () => openPooled(url));
        },
        setup: (saver) => (saver as PostgresSaver).setup(),
      },
      spawn: async ({ onEmptyStore }) => ({
        module: otherProcess.path,
        store: onEmptyStore ? await newEmpty() : urlOf(database),
      }),
      interrupt: async () => {
        const ended = await terminateBackends(database.url, { database: database.name });
        expect(ended, "connections that were cut").toBeGreaterThan(0);
      },
    },
    suites === allSuites ? { expectedCases: CASES } : { suites },
  );

  it("C-29 verify finds nothing wrong with what the cases have left", async () => {
    const saver = openPooled(urlOf(database));
    const { threads, problems } = await saver.verify();
    await closePooled(saver);
    expect(threads).toBeGreaterThan(10);
    // Some cases have a serializer of their own.
    expect(problems.filter(({ kind }) => kind !== "unreadable")).toEqual([]);
  });
}
