import type { HoldfastSaver } from "@holdfast/checkpoint-core";
import { postgres } from "./store-postgres.js";
import { redis } from "./store-redis.js";

/** What the workers share. One more store is one more file like `store-postgres.ts`. */
export interface Store {
  /** Gets a server to play on: a given one, or one of its own that ends with the run. */
  start(): Promise<RunningStore>;
  /** Opens it in a worker. */
  open(location: StoreLocation): Promise<OpenStore>;
}

export interface StoreLocation {
  readonly url: string;
  /** Keeps what is stored apart from everything else on the server: schema or prefix. */
  readonly space: string;
}

export interface RunningStore {
  readonly location: StoreLocation;
  /** As in "PostgreSQL 17.6 (embedded)". */
  readonly server: string;
  /** What `storedBytes` counts, for the table. */
  readonly measure: string;
  storedBytes(): Promise<number>;
  /** Removes what the run has stored, and the server if it is its own. */
  stop(): Promise<void>;
}

export interface OpenStore {
  readonly saver: HoldfastSaver;
  close(): Promise<void>;
}

export const stores = { postgres, redis } satisfies Record<string, Store>;

export type StoreName = keyof typeof stores;

export function isStoreName(name: string): name is StoreName {
  return Object.hasOwn(stores, name);
}
