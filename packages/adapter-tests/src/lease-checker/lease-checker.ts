import type { TcpProxy } from "@holdfast/test-servers";
import { expect, it } from "vitest";
import { bundleChild } from "../bundled-child.js";
import type { LeaseTarget } from "../lease-target.js";
import { type Random, seeded } from "../seeded.js";
import { violationsOf } from "./check-history.js";
import type { History } from "./history.js";
import { CHECKED_THREADS, PATIENCE_MS } from "./random-client.js";
import { operationsUnderFaults } from "./random-faults.js";
import { listOf } from "./saver-lists.js";

export interface CheckerTarget extends LeaseTarget {
  /** Where the store is for those who go through the proxy. Without it, connections are neither cut nor delayed. */
  through?(proxy: TcpProxy, url: string): string;
  /** Puts another server in the place of the one that has the store, and waits until all is as it was but for that. */
  failOver?(random: Random): Promise<void>;
}

const SECONDS = 10;
/** A failover takes some seconds, and the test is to see what comes after it. */
const SECONDS_WITH_FAILOVER = 30;
const CLIENTS = 4;

/** Registers the check of leases under faults. `HOLDFAST_SOAK_MINUTES` makes it a long one, `HOLDFAST_TEST_SEED` chooses what is done. */
export function leaseCheckerTests(target: CheckerTarget): void {
  const soakMinutes = Number(process.env.HOLDFAST_SOAK_MINUTES ?? 0);
  const isWithFailover = target.failOver !== undefined;
  const lastsMs = soakMinutes > 0 ? soakMinutes * 60_000 : (isWithFailover ? SECONDS_WITH_FAILOVER : SECONDS) * 1_000;
  const what = isWithFailover ? "and their server is replaced by another" : "and cut off";

  it(`C-90 C-91 leases hold while their holders are killed and frozen, ${what}`, { timeout: lastsMs + 120_000 }, () =>
    seeded(async (random) => {
      const [store, script] = await Promise.all([target.openStore(), bundleChild(new URL("lease-client.ts", target.children))]);
      const end = performance.now() + lastsMs;
      const { operations, cuts } = await operationsUnderFaults({
        script: script.path,
        url: store.url,
        through: target.through,
        failOver: target.failOver,
        random,
        clients: CLIENTS,
        isOver: () => performance.now() > end,
      });
      const saver = target.open(store.url);
      const lists: Record<string, readonly string[]> = {};
      for (const thread of CHECKED_THREADS) lists[thread] = await listOf(saver, thread);
      await target.close(saver);
      await Promise.all([store.drop(), script.remove()]);
      const history: History = { operations, cuts, patienceMs: PATIENCE_MS, lists };
      if (soakMinutes > 0) process.stdout.write(`${summary(history)}\n`);
      expect(violationsOf(history)).toEqual([]);
      expect(
        operations.filter(({ kind, outcome }) => kind === "append" && outcome === "ok").length,
        "acknowledged writes",
      ).toBeGreaterThan(50);
      if (isWithFailover) expect(cuts.filter(({ client }) => client === undefined).length, "failovers").toBeGreaterThan(0);
    })(),
  );
}

function summary({ operations, cuts }: History): string {
  const counts = new Map<string, number>();
  for (const { kind, outcome } of operations) counts.set(`${kind} ${outcome}`, (counts.get(`${kind} ${outcome}`) ?? 0) + 1);
  return [...counts]
    .map(([name, count]) => `${name}: ${count}`)
    .join(", ")
    .concat(`, cuts: ${cuts.length}, of which failovers: ${cuts.filter(({ client }) => client === undefined).length}`);
}
