import { type ConformanceTarget, holdfastErrors } from "../src/target.js";
import { type ReferenceOptions, ReferenceSaver } from "./reference-saver.js";
import { ReferenceStore } from "./reference-store.js";

export type ReferenceClass = new (store?: ReferenceStore, options?: ReferenceOptions) => ReferenceSaver;

/** The reference saver, or one that is made of it. Nothing is left out. */
export function referenceTarget(name: string, Saver: ReferenceClass = ReferenceSaver): ConformanceTarget {
  const store = new ReferenceStore();
  return {
    name,
    errors: holdfastErrors,
    open: async (options) => new Saver(store, options),
    close: (saver) => (saver as ReferenceSaver).end(),
    inspect: async (threadId) => store.inspect(threadId),
    roundTrips: (saver) => (saver as ReferenceSaver).requests,
    lifecycle: {
      openOnEmptyStore: async (count) => {
        const empty = new ReferenceStore(false);
        return Array.from({ length: count }, () => new Saver(empty));
      },
      setup: (saver) => (saver as ReferenceSaver).setup(),
    },
  };
}
