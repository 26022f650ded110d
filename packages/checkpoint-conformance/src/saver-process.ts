import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { setClockOff } from "./clock.js";
import { loadTarget } from "./load-target.js";
import type { SpawnedTarget } from "./target.js";

/** What the process is told first: which saver, and where. */
export interface SaverProcessOrders {
  readonly module: string;
  readonly store: unknown;
  /** How far the clock of the process is off, in milliseconds. */
  readonly clockOffsetMs: number;
}

/** Then: a method of the saver to call, or `setup` of the target. */
export interface CallMessage {
  readonly call: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** What it answers. A call begins, and has a result or an error. */
export type SaverProcessMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "unusable"; readonly error: SentError }
  | { readonly kind: "begun"; readonly call: number }
  | { readonly kind: "result"; readonly call: number; readonly result: unknown }
  | { readonly kind: "error"; readonly call: number; readonly error: SentError };

/** An error as it gets from one process to the other: the class does not. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: unknown;
}

const say = (message: SaverProcessMessage): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send?.(message, undefined, undefined, (error) => (error === null ? resolve() : reject(error)));
  });

function sent(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: "Error", message: `thrown: ${String(error)}`, stack: undefined, code: undefined };
  const code = "code" in error && typeof error.code !== "object" ? error.code : undefined;
  return { name: error.name, message: error.message, stack: error.stack, code };
}

async function perform(target: SpawnedTarget, saver: BaseCheckpointSaver, { method, args }: CallMessage): Promise<unknown> {
  if (method === "setup") {
    if (target.lifecycle === undefined) throw new Error(`The module of ${target.name} gives no lifecycle to the other process.`);
    return target.lifecycle.setup(saver);
  }
  const result: unknown = Reflect.apply(Reflect.get(saver, method), saver, args);
  if (method !== "list") return result;
  const all: unknown[] = [];
  for await (const tuple of result as AsyncIterable<unknown>) all.push(tuple);
  return all;
}

async function answer(target: SpawnedTarget, saver: BaseCheckpointSaver, message: CallMessage): Promise<void> {
  const { call } = message;
  try {
    // Who wants to kill this process in the middle of the call knows when.
    await say({ kind: "begun", call });
    await say({ kind: "result", call, result: await perform(target, saver, message) });
  } catch (error) {
    await say({ kind: "error", call, error: sent(error) });
  }
}

async function serve({ module, store, clockOffsetMs }: SaverProcessOrders): Promise<void> {
  setClockOff(clockOffsetMs);
  const target = await loadTarget(module, store);
  const saver = await target.open();
  process.on("message", (message: CallMessage) => void answer(target, saver, message).catch(() => process.exit(1)));
  await say({ kind: "ready" });
}

// It has no reason to live without the process that started it.
process.once("disconnect", () => process.exit());
process.once("message", (orders: SaverProcessOrders) => {
  serve(orders).catch(async (error: unknown) => {
    await say({ kind: "unusable", error: sent(error) });
    process.exit(1);
  });
});
