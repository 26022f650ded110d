import { loadTarget, UnusableTargetError } from "./load-target.js";
import type { CaseResult } from "./report.js";
import { casesOf, runCases } from "./run.js";
import { randomCommands } from "./suites/random-programs.js";

/** What the process that runs the cases is told to do. */
export interface ChildOrders {
  readonly path: string;
  readonly only: string;
  /** The number of the first case to run. */
  readonly from: number;
  readonly timeout: number;
  /** Runs so many random commands instead of the suites. */
  readonly commands?: number;
  readonly seed: number;
}

/** What it says. */
export type ChildMessage =
  | { readonly kind: "ready"; readonly name: string }
  | { readonly kind: "unusable"; readonly message: string }
  | { readonly kind: "case"; readonly result: CaseResult }
  | { readonly kind: "done" };

const say = (message: ChildMessage): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send?.(message, undefined, undefined, (error) => (error === null ? resolve() : reject(error)));
  });

async function obey(orders: ChildOrders): Promise<void> {
  const target = await loadTarget(orders.path);
  await say({ kind: "ready", name: target.name });
  const cases =
    orders.commands === undefined
      ? casesOf(undefined, orders.only)
      : casesOf([randomCommands({ commands: orders.commands, seed: orders.seed })]);
  for await (const result of runCases(target, cases.slice(orders.from), orders.timeout)) await say({ kind: "case", result });
  await target.dispose?.();
  await say({ kind: "done" });
}

process.once("message", (orders: ChildOrders) => {
  // What the saver left open does not keep the process alive; without its parent it has no reason to live either.
  process.once("disconnect", () => process.exit());
  obey(orders).then(
    () => process.exit(0),
    async (error: unknown) => {
      const message = error instanceof UnusableTargetError ? error.message : String(error instanceof Error ? error.stack : error);
      await say({ kind: "unusable", message });
      process.exit(1);
    },
  );
});
