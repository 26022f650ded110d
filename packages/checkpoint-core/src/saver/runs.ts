import { IdempotencyKeyReusedError } from "../errors.js";
import type { IdempotentRun, Runs } from "../leases/runs.js";
import type { Leases } from "../leases/leases.js";
import type { CheckpointStore } from "../store/checkpoint-store.js";
import { underSignal } from "../store/operation-signal.js";
import { type LeaseLost, refusalError } from "../store/refusal.js";
import type { StoredRun } from "../store/run-store.js";
import { acquireLease } from "./leases.js";

/** What `exclusive` needs of a saver for runs that have an idempotency key (contract C-100). */
export function runsOf(store: CheckpointStore, leases: Leases): Runs {
  const known = (threadId: string, { key, input }: IdempotentRun, found: StoredRun | LeaseLost): StoredRun => {
    if ("kind" in found) throw refusalError(found, threadId);
    if (found.input !== input) throw new IdempotencyKeyReusedError(threadId, key);
    return found;
  };
  return {
    async find(threadId, run) {
      const found = await underSignal(run.signal, async () => {
        await store.ready("exclusive");
        return store.findRun(threadId, run.key);
      });
      return found && known(threadId, run, found);
    },
    async acquire(threadId, options, { key }, patienceMs) {
      const { lease, tries, overtaken, run } = await acquireLease(store, leases, threadId, options, { key, patienceMs });
      return { lease, tries, unfinished: overtaken === undefined && run !== key ? run : undefined };
    },
    async begin(lease, run, isAnew = false) {
      lease.setRun(run.key, run.ttlMs);
      const { key, input, ttlMs, signal } = run;
      const beginning = { key, input, ttlMs, isAnew };
      const found = await underSignal(signal, () => store.beginRun(lease.threadId, lease.token, beginning));
      return known(lease.threadId, run, found);
    },
    async continue(lease, key) {
      lease.setRun(key);
      const found = await store.continueRun(lease.threadId, lease.token, key);
      if (found !== undefined && "kind" in found) throw refusalError(found, lease.threadId);
      return found;
    },
    progress: (threadId, { leases: counts }) => store.runProgress(threadId, counts),
  };
}
