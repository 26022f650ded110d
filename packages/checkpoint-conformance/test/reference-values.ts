import type { CheckpointMetadata, PendingWrite, SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { copyOf, jsonOf, NotKeptError } from "./kept-value.js";
import { ReferenceConnection, type ReferenceOptions } from "./reference-connection.js";
import { type Kept, ReferenceSaverError, type ReferenceStore } from "./reference-store.js";

/** What a saver makes of values: copies that share nothing with them, or what the user's serializer makes. */
export abstract class ReferenceValues extends ReferenceConnection {
  readonly #serde: SerializerProtocol | undefined;

  constructor(store?: ReferenceStore, options: ReferenceOptions = {}) {
    super(store, options);
    this.#serde = options.serde;
  }

  protected metadataText(metadata: CheckpointMetadata): string {
    try {
      return jsonOf(metadata);
    } catch (error) {
      throw new ReferenceSaverError("invalidMetadata", error instanceof Error ? error.message : String(error));
    }
  }

  /** Takes the values as they are now. */
  protected keepAll(values: readonly PendingWrite[]): Promise<[string, Kept][]> {
    try {
      return Promise.all(
        values.map(async ([channel, value]): Promise<[string, Kept]> => [channel, await this.keep(channel, value)]),
      );
    } catch (error) {
      return Promise.reject(error);
    }
  }

  protected async keep(channel: string, value: unknown): Promise<Kept> {
    try {
      if (this.#serde === undefined) return { plain: copyOf(value, channel) };
      const [type, bytes] = await this.#serde.dumpsTyped(value);
      return { type, bytes };
    } catch (error) {
      if (error instanceof NotKeptError) throw new ReferenceSaverError("serialization", error.message);
      throw error;
    }
  }

  protected async read(kept: Kept): Promise<unknown> {
    if ("plain" in kept) return copyOf(kept.plain, "value");
    if (this.#serde === undefined) throw new Error("This value was written with a serializer.");
    return this.#serde.loadsTyped(kept.type, kept.bytes);
  }
}
