import { expect, it } from "vitest";
import { putChain } from "./chains.js";
import type { RetentionStore } from "./retention-store.js";
import { asRun } from "./shown.js";
import type { KeepingSaver } from "./target.js";

/** How a saver finds a thread without being given its id. */
async function findings(saver: KeepingSaver): Promise<Record<string, number>> {
  const count = async (items: AsyncIterable<unknown>): Promise<number> => {
    let found = 0;
    for await (const _ of items) found += 1;
    return found;
  };
  return {
    list: await count(saver.list({})),
    listThreads: await count(saver.listThreads()),
    deleteForRuns: (await saver.deleteForRuns(["run 1"], { dryRun: true })).threads,
    stats: (await saver.stats()).threads,
  };
}

/** Registers the tests of what is refused: it changes nothing, not for a moment. Others look before each request of it, and behind the last. */
export function refusedDeleteTests(store: RetentionStore): void {
  const deletions: Readonly<Record<string, (saver: KeepingSaver) => Promise<unknown>>> = {
    deleteThread: (saver) => expect(saver.deleteThread("leased")).rejects.toMatchObject({ code: "HOLDFAST_THREAD_BUSY" }),
    "prune of a whole thread": (saver) => saver.prune(["leased"], { strategy: "delete" }),
    deleteForRuns: (saver) => saver.deleteForRuns(["run 1"]),
    sweep: (saver) => saver.sweep(),
  };
  for (const [what, deletion] of Object.entries(deletions)) {
    it(`C-50 a thread whose lease refuses ${what} is in sight all the time`, async () => {
      const [saver, other] = [store.open({ retention: { idleFor: 3_600_000 } }), store.open()];
      await putChain(other, "leased", 2, asRun("leased", "run 1"));
      await store.age("leased", 3_600_000);
      const lease = await other.acquireThread("leased");
      const before = await findings(other);
      expect(before).toEqual({ list: 2, listThreads: 1, deleteForRuns: 1, stats: 1 });
      const seen: Record<string, number>[] = [];
      store.beforeEachRequest(saver, async () => void seen.push(await findings(other)));
      await deletion(saver);
      store.beforeEachRequest(saver, undefined);
      seen.push(await findings(other));
      expect(seen.length).toBeGreaterThan(1);
      expect(seen).toEqual(seen.map(() => before));
      await lease.release();
    });
  }
}
