import type { Fault, Step } from "./step.js";

const FAULTS: ReadonlySet<string> = new Set<Fault>([
  "cut",
  "lose an answer",
  "strand",
  "deliver",
  "partition",
  "heal",
  "kill",
  "freeze",
  "thaw",
  "terminate",
]);

/** Whether a step is what befalls a process, its network, or all connections to the store. */
export function isFault(action: Step["action"]): action is { readonly do: Fault } {
  return FAULTS.has(action.do);
}
