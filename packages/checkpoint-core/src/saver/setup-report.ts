/** What `setup()` of every saver answers. */
export interface SetupReport {
  /** What about the server puts what is stored at risk. Each is also a warning of the process (`HoldfastWarning`), once. */
  readonly warnings: readonly ServerWarning[];
}

/** Something about a server that puts what is stored at risk. */
export interface ServerWarning {
  readonly code: "EVICTION_POLICY" | "NO_PERSISTENCE" | "IS_REPLICA" | "TOO_FEW_REPLICAS";
  readonly message: string;
}
