import { type ConformanceTarget, holdfastErrors } from "../src/target.js";
import type { ReferenceOptions } from "./reference-connection.js";
import { ReferenceSaver } from "./reference-saver.js";
import { serve } from "./reference-server.js";
import { ReferenceStore } from "./reference-store.js";

export type ReferenceClass = new (store?: ReferenceStore, options?: ReferenceOptions) => ReferenceSaver;

/** What differs from the reference: the saver, or what savers in other processes do. */
export interface ReferenceFaults {
  readonly Saver?: ReferenceClass;
  /** A name of `targets/remote-reference.mjs`. */
  readonly remote?: string;
}

/** The reference saver, or one that is made of it. Nothing is left out. */
export function referenceTarget(
  name: string,
  { Saver = ReferenceSaver, remote: fault }: ReferenceFaults = {},
): ConformanceTarget {
  const store = new ReferenceStore();
  let served: Promise<string> | undefined;
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
    spawn: async ({ onEmptyStore }) => {
      if (!onEmptyStore) served ??= serve(new Saver(store));
      const url = await (onEmptyStore ? serve(new Saver(new ReferenceStore(false))) : served);
      return { module: new URL("./targets/remote-reference.mjs", import.meta.url), store: { url, fault } };
    },
    interrupt: async () => {
      store.cuts += 1;
    },
  };
}
