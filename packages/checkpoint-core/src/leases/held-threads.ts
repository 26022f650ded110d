import { AsyncLocalStorage } from "node:async_hooks";

/** A thread that a run has for itself. */
export interface HeldThread {
  /** Under which lease; `undefined` where the run is a part of another one. */
  readonly token: string | undefined;
  /** Whether the run has ended: what it has left behind does not have its lease any more. */
  readonly isOver: boolean;
}

/** Threads that the calls around this one have: a node that calls a graph on its own thread must not wait for itself. */
export const heldThreads = new AsyncLocalStorage<ReadonlyMap<string, HeldThread>>();

/** Whether this is called from within a run that has a thread. */
export function isWithinRun(): boolean {
  return [...(heldThreads.getStore()?.values() ?? [])].some(({ isOver }) => !isOver);
}
