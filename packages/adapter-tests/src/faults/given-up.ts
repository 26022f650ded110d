import type { RetentionOptions, RetryOptions } from "@holdfast/checkpoint-core";
import { eventually, type ProxiedServers } from "@holdfast/test-servers";
import { expect, it } from "vitest";
import { at, checkpointOf, putWhole } from "../plain-checkpoints.js";
import { putChain } from "../retention/chains.js";
import { asRun } from "../retention/shown.js";
import type { KeepingSaver } from "../retention/target.js";

/** How a saver is opened that soon gives up. */
export interface GivingUp {
  /** How long one try waits. */
  readonly timeoutMs: number;
  readonly retry: RetryOptions;
  readonly retention: RetentionOptions;
}

/** A store that nobody else uses. */
export interface GivenUpStore<Saver extends KeepingSaver> {
  /** A saver on the other side of the network. */
  open(options: GivingUp): Saver;
  /** A saver past the network. */
  openDirect(): Saver;
  /** Everything that is stored, byte by byte. */
  contents(): Promise<unknown>;
  /** Closes the savers, and removes the store. */
  drop(): Promise<void>;
}

export interface GivenUpTarget<Saver extends KeepingSaver> {
  /** Whose connections these are, for the title. */
  readonly client: string;
  openStore(): Promise<GivenUpStore<Saver>>;
  network(): ProxiedServers;
  /** What this adapter has beyond the others, on a thread of its own. */
  readonly more?: Readonly<Record<string, (saver: Saver, thread: string) => Promise<unknown>>>;
}

const LEASE = { ttlMs: 600_000 };
const GIVING_UP: GivingUp = {
  timeoutMs: 300,
  retry: { maxAttempts: 2, minDelayMs: 1, maxDelayMs: 1 },
  retention: { keepLast: 1 },
};

/** All that changes something, by the thread that it changes. */
async function changes(saver: KeepingSaver): Promise<Readonly<Record<string, (thread: string) => Promise<unknown>>>> {
  const released = await saver.acquireThread("release", LEASE);
  const handedOver = await saver.acquireThread("handOver", LEASE);
  return {
    put: (thread) => putWhole(saver, thread, checkpointOf({ given: "up" }, 9)),
    "put to a new thread": () => putWhole(saver, "new", checkpointOf({ given: "up" })),
    putWrites: async (thread) => saver.putWrites(at(thread, "late"), [["given", "up"]], "task"),
    deleteThread: (thread) => saver.deleteThread(thread),
    acquireThread: (thread) => saver.acquireThread(thread, LEASE),
    release: () => released.release(),
    handOver: () => handedOver.handOver(),
    prune: (thread) => saver.prune([thread]),
    copyThread: (thread) => saver.copyThread(thread, "copy"),
    deleteForRuns: () => saver.deleteForRuns(["run"]),
    sweep: () => saver.sweep(),
  };
}

/** Registers the tests of operations that fail since the network does: nothing of them happens later. */
export function givenUpTests<Saver extends KeepingSaver>({ client, openStore, network, more = {} }: GivenUpTarget<Saver>): void {
  for (const [when, fault] of [
    ["before they are sent", "cut"],
    ["when they have no answer", "lose"],
  ] as const) {
    it(`C-71 operations that are given up ${when} do not happen when the network is back (${client})`, async () => {
      const store = await openStore();
      const [saver, other] = [store.open(GIVING_UP), store.openDirect()];
      await eventually("the client is connected", () => saver.listThreads().next());
      const threads = [
        "put",
        "putWrites",
        "deleteThread",
        "acquireThread",
        "release",
        "handOver",
        "prune",
        "copyThread",
        ...Object.keys(more),
      ];
      for (const thread of threads) await putChain(other, thread, 2, asRun(thread, "run"));
      const given = Object.entries(await changes(saver)).map(([name, run]) => [name, () => run(name)] as const);
      const own = Object.entries(more).map(([name, run]) => [name, () => run(saver, name)] as const);
      const before = await store.contents();
      network()[fault]();
      const outcomes = [...given, ...own].map(async ([name, run]) => {
        const outcome = await run().then(
          () => "done",
          (error: { readonly code?: unknown }) => error.code ?? error,
        );
        return [name, outcome] as const;
      });
      for (const [name, outcome] of await Promise.all(outcomes)) expect(outcome, name).toBe("HOLDFAST_STORE_UNAVAILABLE");
      await network().restore();
      // What the client has kept goes out before what it is asked now.
      await eventually("the network is back", async () => {
        for (const thread of [...threads, "new", "copy"]) await saver.getTuple(at(thread));
        return (await saver.listThreads().next()).done === false;
      });
      expect(await store.contents()).toEqual(before);
      await store.drop();
    });
  }
}
