/** A store of lists, each of which is written under a lease. The checker's clients know no more of it. */
export interface LeasedLists {
  /** @throws a ThreadBusyError when somebody else has it. */
  acquire(thread: string, options: { readonly ttlMs: number; readonly waitMs: number }): Promise<ListLease>;
}

export interface ListLease {
  readonly token: string;
  /** Reads the list, and writes it with one more value. @throws LeaseLostError, ThreadBusyError */
  append(value: string): Promise<void>;
  release(): Promise<void>;
  /** Renews it no more. */
  leave(): void;
}
