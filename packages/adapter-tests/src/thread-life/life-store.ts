import { afterEach, beforeEach } from "vitest";
import type { TestStore } from "../target.js";
import type { KeepingOptions, KeepingSaver, ThreadLifeTarget, Underneath } from "./target.js";

/** The store of one test, which nobody else uses. */
export interface LifeStore {
  /** A saver that is closed when the test is over. */
  open(options?: KeepingOptions): KeepingSaver;
  inspect(threadId: string): Promise<Underneath>;
  roundTrips(saver: KeepingSaver): number;
}

/** Gives each test of the file, or of the `describe` around it, a store of its own. */
export function lifeStore(target: ThreadLifeTarget): LifeStore {
  let store: TestStore;
  const savers: KeepingSaver[] = [];
  beforeEach(async () => {
    store = await target.openStore();
  });
  afterEach(async () => {
    await Promise.all(savers.splice(0).map((saver) => target.close(saver)));
    await store.drop();
  });
  return {
    open(options) {
      const saver = target.open(store.url, options);
      savers.push(saver);
      return saver;
    },
    inspect: (threadId) => target.inspect(store.url, threadId),
    roundTrips: (saver) => target.roundTrips(saver),
  };
}
