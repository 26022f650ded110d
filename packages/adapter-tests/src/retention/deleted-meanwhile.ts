import { importThreads } from "@holdfast/checkpoint-core";
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { expect, it } from "vitest";
import { putChain } from "./chains.js";
import type { RetentionStore } from "./retention-store.js";
import { asRun, shownOf } from "./shown.js";
import type { KeepingSaver } from "./target.js";

const THREADS = ["first", "second", "third"] as const;
const SECOND = "second";

/** What is done to many threads, and what is left of each that nobody deletes. */
interface Bulk {
  readonly what: string;
  readonly run: (saver: KeepingSaver) => Promise<unknown>;
  readonly left: number;
  /** Whether it may say that one of the ids is unknown, and do nothing. */
  readonly mayRefuse?: true;
}

const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
};

const BULKS: readonly Bulk[] = [
  { what: "deleteForRuns", run: (saver) => saver.deleteForRuns(["run 1"]), left: 0 },
  { what: "prune of ids", run: (saver) => saver.prune([...THREADS]), left: 1, mayRefuse: true },
  {
    what: "prune of ids as a whole",
    run: (saver) => saver.prune([...THREADS], { strategy: "delete" }),
    left: 0,
    mayRefuse: true,
  },
  { what: "prune of idle threads", run: (saver) => saver.prune({ olderThan: 0 }), left: 1 },
  {
    what: "prune of idle threads as a whole",
    run: (saver) => saver.prune({ olderThan: 0 }, { strategy: "delete" }),
    left: 0,
  },
  { what: "sweep", run: (saver) => saver.sweep(), left: 1 },
  { what: "listThreads", run: (saver) => all(saver.listThreads()), left: 2 },
  { what: "list of all threads", run: (saver) => all(saver.list({})), left: 2 },
  { what: "stats", run: (saver) => saver.stats(), left: 2 },
  {
    what: "importThreads",
    async run(saver) {
      const target = new MemorySaver();
      const { leftAlone } = await importThreads(saver, target);
      expect([[], [SECOND]]).toContainEqual(leftAlone);
      for (const thread of THREADS) {
        if (thread !== SECOND) expect(await shownOf(target, thread)).toHaveLength(4);
      }
    },
    left: 2,
  },
];

/** Registers the tests of what is done to many threads while another process deletes one of them: before each request of it in turn. */
export function deletedMeanwhileTests(store: RetentionStore): void {
  for (const { what, run, left, mayRefuse } of BULKS) {
    it(`C-59 ${what} goes on past a thread that another process deletes meanwhile`, async () => {
      const [saver, other] = [store.open({ retention: { keepLast: 1 } }), store.open()];
      for (let moment = 1, isOver = false; !isOver; moment += 1) {
        for (const thread of THREADS) {
          await other.deleteThread(thread);
          await putChain(other, thread, 2, asRun(thread, "run 1"));
        }
        let requests = 0;
        store.beforeEachRequest(saver, async () => {
          requests += 1;
          if (requests === moment) await other.deleteThread(SECOND);
        });
        const outcome = await run(saver).then(
          () => "done",
          (error: { readonly code?: unknown }) => error.code ?? error,
        );
        store.beforeEachRequest(saver, undefined);
        isOver = requests < moment;
        const wasRefused = mayRefuse && outcome === "HOLDFAST_THREAD_NOT_FOUND";
        if (!wasRefused) expect(outcome, `at request ${moment}`).toBe("done");
        for (const thread of ["first", "third"]) {
          const { checkpoints } = await store.inspect(thread);
          expect(checkpoints, `${thread}, when the second went at request ${moment}`).toBe(wasRefused ? 2 : left);
        }
      }
    });
  }
}
