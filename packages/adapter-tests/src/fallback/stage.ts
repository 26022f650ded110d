import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { afterAll, afterEach, beforeAll } from "vitest";
import { allOf } from "../migration/all-of.js";
import { at } from "../plain-checkpoints.js";
import type { MigrationTarget, OpenOptions, TestedSaver, TestStore } from "../target.js";

export interface FallbackTarget extends MigrationTarget {
  /** How many requests a saver that `open` made has sent to its store. */
  roundTrips(saver: TestedSaver): number;
}

/** A new store that the tests share, and replicas of the new version on it. */
export interface FallbackStage {
  readonly target: FallbackTarget;
  /** The new store by itself. */
  readonly plain: TestedSaver;
  /** A replica of the new version, closed after the test. */
  replica(fallback: BaseCheckpointSaver, options?: OpenOptions): TestedSaver;
  closeReplicas(): Promise<unknown>;
  /** Whether the new store shows a thread. */
  exists(thread: string): Promise<boolean>;
}

/** Registers the hooks that open the store and close it. */
export function fallbackStage(target: FallbackTarget): FallbackStage {
  let store: TestStore;
  let plain: TestedSaver;
  const opened: TestedSaver[] = [];
  const closeReplicas = (): Promise<unknown> => Promise.all(opened.splice(0).map((saver) => target.close(saver)));

  beforeAll(async () => {
    store = await target.openStore();
    plain = target.open(store.url);
  });
  afterEach(closeReplicas);
  afterAll(async () => {
    if (plain !== undefined) await target.close(plain);
    await store?.drop();
  });

  return {
    target,
    get plain() {
      return plain;
    },
    replica(fallback, options = {}) {
      const saver = target.open(store.url, { ...options, fallback });
      opened.push(saver);
      return saver;
    },
    closeReplicas,
    exists: async (thread) => (await allOf(plain.list(at(thread)))).length > 0,
  };
}
