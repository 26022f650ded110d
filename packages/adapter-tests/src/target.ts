import type { HoldfastSaver, LeaseSource, OnConflict, RetryOptions } from "@holdfast/checkpoint-core";
import type { BaseCheckpointSaver, SerializerProtocol } from "@langchain/langgraph-checkpoint";

/** What all savers of ours have beyond upstream's. */
export interface TestedSaver extends LeaseSource, Pick<HoldfastSaver, "copyThread" | "prune" | "revokeLease" | "verify"> {
  setup(): Promise<unknown>;
  end(options?: { readonly drainMs?: number }): Promise<void>;
}

/** A place of its own for checkpoints: a database, a prefix of keys, or a server that nobody else uses. */
export interface TestStore {
  /** Where it is. Only the adapter reads it; child processes get it as it is. */
  readonly url: string;
  /** Removes the store with all that is in it. */
  drop(): Promise<void>;
}

/** Options that all adapters have. */
export interface OpenOptions {
  readonly maxValueBytes?: number;
  readonly maxPutBytes?: number;
  readonly retry?: RetryOptions;
  readonly onConflict?: OnConflict;
  readonly maxLeaseTtlMs?: number;
  readonly fallback?: BaseCheckpointSaver;
  readonly serde?: SerializerProtocol;
}

/** An adapter under test. Each group of tests says what else it needs. */
export interface AdapterTarget<Store extends TestStore = TestStore> {
  /** A new store in which `setup()` has run. */
  openStore(): Promise<Store>;
  /** A saver on a store, with connections of its own. */
  open(url: string, options?: OpenOptions): TestedSaver;
  /** Ends a saver that `open` made, and closes its connections. Rejects when the saver has not given all of them back. */
  close(saver: TestedSaver): Promise<void>;
  /**
   * The folder `test/children/` of the adapter's package, with a program of a few lines for each main in `@holdfast/adapter-tests/children/…`:
   * `failing-runs.ts`, `graph-worker.ts`, `large-state.ts`, `request-server.ts`, `set-up.ts`, `sweeper.ts`.
   */
  readonly children: URL;
}

/** What the tests of other savers need, too. */
export interface MigrationTarget extends AdapterTarget {
  /** A superuser on a Postgres server, on which the official saver gets a database. */
  postgresUrl(): string;
}
