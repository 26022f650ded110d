import { setClockOff } from "@holdfast/checkpoint-conformance/clock";
import type { ImpatientOptions } from "../faults/partition.js";
import { HistoryClient, SWEPT } from "../history-checker/client.js";
import type { Operation } from "../history-checker/history.js";
import { type FaultName, planted } from "../history-checker/planted-faults.js";
import type { Action, SaverSetting } from "../history-checker/step.js";
import type { KeepingOptions, KeepingSaver } from "../retention/target.js";
import { givenStoreUrl } from "./store-url.js";

/** How long a client waits for an answer before it tries again. */
export const PATIENCE_MS = 200;

/** How a client is set: its only argument, as JSON. */
export interface ClientArguments {
  readonly name: string;
  readonly number: number;
  readonly setting: SaverSetting;
  /** Where the old store of the `fallback` is. */
  readonly fallbackUrl?: string;
  readonly plantedFault?: FaultName;
}

export interface HistoryClientOptions extends ImpatientOptions, Omit<KeepingOptions, "retry"> {
  /** Of a pool, where there is one. */
  readonly connections: number;
}

export type ClientIsTold =
  | { readonly kind: "begin"; readonly prefix: string }
  | { readonly kind: "perform"; readonly step: number; readonly action: Action }
  | { readonly kind: "settle" }
  | { readonly kind: "end" };

export type ClientTells =
  | { readonly kind: "ready" | "begun" | "settled" }
  | { readonly kind: "operation"; readonly id: string; readonly operation: Operation }
  | { readonly kind: "performed"; readonly step: number };

/** A process of the history checker. */
export function runHistoryClient(open: (url: string, options: HistoryClientOptions) => KeepingSaver): void {
  const { name, number, setting, fallbackUrl, plantedFault } = JSON.parse(process.argv[2] ?? "") as ClientArguments;
  const { connections = 3, clockOffsetMs = 0, retryForMs = 3 * PATIENCE_MS, ...own } = setting;
  setClockOff(clockOffsetMs);
  const options: HistoryClientOptions = {
    timeoutMs: PATIENCE_MS,
    retry: { maxAttempts: 1_000, maxElapsedMs: retryForMs, maxDelayMs: 50 },
    connections,
    retention: SWEPT,
  };
  const fallback = fallbackUrl === undefined ? {} : { fallback: open(fallbackUrl, options) };
  // Told before it is done: of a client that is killed it is known what it was doing.
  const tell = (message: ClientTells): Promise<void> =>
    new Promise((resolve, reject) => {
      process.send?.(message, undefined, undefined, (error) => (error ? reject(error) : resolve()));
    });
  const client = new HistoryClient({
    name,
    number,
    isRejecting: setting.onConflict === "reject",
    close: (saver) => saver.end(),
    open: () => planted(open(givenStoreUrl(), { ...options, ...own, ...fallback }), plantedFault),
    tell: (id, operation) => tell({ kind: "operation", id, operation }),
  });
  process.on("message", (told: ClientIsTold) => {
    switch (told.kind) {
      case "begin":
        client.begin(told.prefix);
        return void tell({ kind: "begun" });
      case "perform":
        return void client.perform(told.action).then(() => tell({ kind: "performed", step: told.step }));
      case "settle":
        return void client.settle().then(() => tell({ kind: "settled" }));
      case "end":
        return void Promise.all([client.end(), fallback.fallback?.end()]).then(() => process.disconnect());
    }
  });
  void tell({ kind: "ready" });
}
