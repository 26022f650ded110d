import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { LRUCache } from "lru-cache";
import { DeserializationError, ValueTooLargeError } from "../errors.js";
import type { SerializedValue } from "../format/record.js";
import { ValueBytes } from "../format/value-bytes.js";
import { HoldfastSerializer } from "./index.js";
import type { PreviousEncoding } from "./previous-encoding.js";

/** Serializes values with the user's serde, or ours, and refuses values that are too large (contract C-63, C-65). */
export class ValueSerializer {
  readonly #serde: SerializerProtocol;
  /** The serde, if it is exactly ours. A subclass may encode differently. */
  readonly #ours: HoldfastSerializer | undefined;
  /** Largest value that is stored or read, in bytes. */
  readonly maxValueBytes: number;
  /** By the value's bytes. A cache that only saves work. */
  readonly #previousEncodings: LRUCache<ValueBytes, PreviousEncoding>;

  /** @param previousEncodingBytes bound of the previous encodings, in bytes of memory; 0 keeps none. */
  constructor(serde: SerializerProtocol, maxValueBytes: number, previousEncodingBytes = 0) {
    this.#serde = serde;
    this.#ours = serde instanceof HoldfastSerializer && serde.constructor === HoldfastSerializer ? serde : undefined;
    this.maxValueBytes = maxValueBytes;
    this.#previousEncodings = new LRUCache<ValueBytes, PreviousEncoding>(
      // lru-cache takes a size of 0 as "no limit"; no previous encoding is as small as 1.
      {
        maxSize: Math.max(1, Math.floor(previousEncodingBytes)),
        sizeCalculation: (previousEncoding) => previousEncoding.memoryBytes,
      },
    );
  }

  /**
   * Takes the value as it is at the call, if the serde encodes before its first await, as ours does (contract C-36).
   *
   * @param name the channel, for error messages.
   * @throws SerializationError, ValueTooLargeError
   */
  async dump(value: unknown, name: string): Promise<SerializedValue> {
    if (this.#ours !== undefined) return this.#checked(this.#ours.dump(value, name), name);
    const [type, data] = await this.#serde.dumpsTyped(value);
    // Copied, because a serde may return the very bytes of the state, as upstream's does with a `Uint8Array`. The run may change them, while the next
    // checkpoint is stored as a difference to these bytes.
    return this.#checked([type, Buffer.from(data)], name);
  }

  /**
   * {@link dump} of a value that follows another one in its channel.
   *
   * @param before the other one, serialized.
   */
  async dumpAfter(before: SerializedValue | undefined, value: unknown, name: string): Promise<SerializedValue> {
    if (this.#ours === undefined) return this.dump(value, name);
    const { dumped, previousEncoding } = this.#ours.dumpAfter(before && this.#previousEncodings.get(before.bytes), value, name);
    const serialized = this.#checked(dumped, name);
    // The channel continues from the new value.
    if (before !== undefined) this.#previousEncodings.delete(before.bytes);
    if (previousEncoding !== undefined) this.#previousEncodings.set(serialized.bytes, previousEncoding);
    return serialized;
  }

  #checked([type, data]: readonly [string, Uint8Array | ValueBytes], name: string): SerializedValue {
    const bytes = data instanceof ValueBytes ? data : ValueBytes.of(data);
    if (bytes.length > this.maxValueBytes) {
      throw new ValueTooLargeError(
        `Channel ${name} is ${bytes.length} bytes when serialized; maxValueBytes is ${this.maxValueBytes}. ` +
          "Keep large documents in a file or object store and their address in the state.",
      );
    }
    return { type, bytes };
  }

  async load(value: SerializedValue): Promise<unknown> {
    const { type, bytes } = value;
    if (bytes.length > this.maxValueBytes) {
      throw new DeserializationError(`A stored value has ${bytes.length} bytes; maxValueBytes is ${this.maxValueBytes}.`);
    }
    if (this.#ours === undefined) return (await this.#serde.loadsTyped(type, Buffer.from(bytes.toBuffer()))) as unknown;
    const previousEncoding = this.#previousEncodings.get(bytes);
    // Ours makes a copy.
    return previousEncoding === undefined ? this.#ours.loadsTyped(type, bytes.toBuffer()) : this.#ours.revive(previousEncoding);
  }

  /** Forgets all previous encodings. */
  clear(): void {
    this.#previousEncodings.clear();
  }

  /** Bytes of memory that previous encodings hold, estimated. */
  get previousEncodingBytes(): number {
    return this.#previousEncodings.calculatedSize;
  }
}
