import { afterEach, beforeEach, expect } from "vitest";
import type { KeepingOptions, KeepingSaver, RetentionTarget, Underneath } from "./target.js";

/** A store that nobody else uses. */
export interface RetentionStore {
  /** Where it is, for child processes. */
  url(): string;
  /** A saver that is closed with the store. */
  open(options?: KeepingOptions): KeepingSaver;
  inspect(threadId: string): Promise<Underneath>;
  age(threadId: string, milliseconds: number): Promise<unknown>;
  roundTrips(saver: KeepingSaver): number;
  beforeEachRequest: RetentionTarget["beforeEachRequest"];
}

/** A store of one's own, as long as the work on it goes on. */
export async function withRetentionStore(target: RetentionTarget, work: (store: RetentionStore) => Promise<void>): Promise<void> {
  const { store, close } = await newRetentionStore(target);
  try {
    await work(store);
  } finally {
    await close();
  }
}

/**
 * Gives each test of the file, or of the `describe` around it, a store of its own.
 *
 * @param isSound whether nothing in it may be damaged at the end (contract C-29).
 */
export function retentionStore(target: RetentionTarget, isSound = true): RetentionStore {
  let current: Awaited<ReturnType<typeof newRetentionStore>>;
  beforeEach(async () => {
    current = await newRetentionStore(target, isSound);
  });
  afterEach(async () => {
    await current.close();
  });
  return {
    url: () => current.store.url(),
    open: (options) => current.store.open(options),
    inspect: (threadId) => current.store.inspect(threadId),
    age: (threadId, milliseconds) => current.store.age(threadId, milliseconds),
    roundTrips: target.roundTrips,
    beforeEachRequest: target.beforeEachRequest,
  };
}

async function newRetentionStore(
  target: RetentionTarget,
  isSound = true,
): Promise<{ readonly store: RetentionStore; close(): Promise<void> }> {
  const place = await target.openStore();
  const savers: KeepingSaver[] = [];
  const store: RetentionStore = {
    url: () => place.url,
    open(options) {
      const saver = target.open(place.url, options);
      savers.push(saver);
      return saver;
    },
    inspect: (threadId) => target.inspect(place.url, threadId),
    age: (threadId, milliseconds) => target.age(place.url, threadId, milliseconds),
    roundTrips: target.roundTrips,
    beforeEachRequest: target.beforeEachRequest,
  };
  const close = async (): Promise<void> => {
    try {
      if (isSound) expect((await store.open().verify()).problems).toEqual([]);
    } finally {
      await Promise.all(savers.map((saver) => target.close(saver)));
      await place.drop();
    }
  };
  return { store, close };
}
