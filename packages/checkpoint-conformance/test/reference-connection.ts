import { BaseCheckpointSaver, type SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { ReferenceSaverError, ReferenceStore } from "./reference-store.js";

export interface ReferenceOptions {
  readonly serde?: SerializerProtocol | undefined;
  readonly onConflict?: "fork" | "reject" | undefined;
}

/** A saver as the store sees it: connected or not, closed or not. */
export abstract class ReferenceConnection extends BaseCheckpointSaver {
  readonly store: ReferenceStore;
  requests = 0;
  #isClosed = false;
  /** As long as it is the store's number of cuts, the saver is connected. */
  #connection: number;

  constructor(store: ReferenceStore = new ReferenceStore(), { serde }: ReferenceOptions = {}) {
    super(serde);
    this.store = store;
    this.#connection = store.cuts;
  }

  async setup(): Promise<void> {
    this.store.isSetUp = true;
  }

  async end(): Promise<void> {
    this.#isClosed = true;
  }

  protected request(): void {
    if (this.#isClosed) throw new ReferenceSaverError("saverClosed", "The saver is closed.");
    if (this.#connection !== this.store.cuts) this.#connection = this.reconnect();
    if (!this.store.isSetUp) throw new ReferenceSaverError("setupRequired", "Call setup() first.");
    this.requests += 1;
  }

  /** Repeats a call whose connection was cut, on a new one. */
  protected reconnect(): number {
    return this.store.cuts;
  }
}
