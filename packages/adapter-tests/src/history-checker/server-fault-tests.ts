import { expect, it } from "vitest";
import { expectNothing, type HistoryTarget, lastsMs, openPlace, searched } from "./history-checker.js";
import type { FaultName } from "./planted-faults.js";
import type { Servers } from "./server-faults.js";

/** A history target on servers that nobody else uses. */
export interface ServersTarget extends HistoryTarget {
  readonly servers: Servers;
  stop(): Promise<void>;
}

const SECONDS = 18;
const PLANTED_SECONDS = 120;

/** Registers the check of histories in which servers fail. Seeds are as with `historyCheckerTests`. */
export function serverFaultTests(setting: string, open: () => Promise<ServersTarget>): void {
  it(
    `C-13 C-30 C-31 C-51 C-72 C-87 C-90 what was acknowledged holds: ${setting}`,
    {
      timeout: lastsMs(SECONDS) + 400_000,
    },
    () => withTarget(open, (target) => expectNothing(target, SECONDS, 0)),
  );
}

/** Registers the test that the checker finds what it finds only when servers fail over; `found` is what it must say. */
export function lostInFailoverTests(what: string, found: RegExp, open: () => Promise<ServersTarget>, fault?: FaultName): void {
  it(`C-87 C-90 the checker of histories finds it when ${what}`, { timeout: PLANTED_SECONDS * 1_000 + 180_000 }, () =>
    withTarget(open, async (target) => {
      const place = await openPlace(target);
      const end = performance.now() + PLANTED_SECONDS * 1_000;
      const isOver = (): boolean => performance.now() > end;
      // Nothing but servers fails: what a process that is killed or cut off has lost may never have been acknowledged.
      const search = { seed: 1, finding: found, focus: { faults: [] }, isOver, ...(fault && { plantedFault: fault }) };
      const outcome = await searched(target, place, search).finally(() => place.close());
      expect(outcome.found, `in ${outcome.programs} programs`).toMatch(found);
    }),
  );
}

async function withTarget(open: () => Promise<ServersTarget>, run: (target: ServersTarget) => Promise<void>): Promise<void> {
  const target = await open();
  try {
    await run(target);
  } finally {
    await target.stop();
  }
}
