import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { LRUCache } from "lru-cache";
import { DeserializationError, isHoldfastError, SerializationError, ValueTooLargeError } from "../errors.js";
import type { SerializedValue } from "../format/record.js";
import type { SizeLimits } from "../format/segment-reader.js";
import { breathe } from "../format/turn.js";
import { ValueBytes } from "../format/value-bytes.js";
import { HoldfastSerializer } from "./index.js";
import type { PreviousEncoding } from "./previous-encoding.js";

/** Adds up what one put gives, or carries over. */
class PutSize {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws ValueTooLargeError */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= this.#maxBytes) return;
    throw new ValueTooLargeError(
      `The values of one put come to at least ${this.#bytes} bytes when serialized; maxPutBytes is ${this.#maxBytes}. ` +
        "Keep large documents in a file or object store and their address in the state.",
    );
  }
}

/** Serializes values with the user's serde, or ours, and refuses values that are too large (contract C-63, C-65). */
export class ValueSerializer {
  readonly #serde: SerializerProtocol;
  /** The serde, if it is exactly ours. A subclass may encode differently. */
  readonly #ours: HoldfastSerializer | undefined;
  readonly limits: SizeLimits;
  /** By the value's bytes. A cache that only saves work. */
  readonly #previousEncodings: LRUCache<ValueBytes, PreviousEncoding>;

  /** @param previousEncodingBytes bound of the previous encodings, in bytes of memory; 0 keeps none. */
  constructor(serde: SerializerProtocol, limits: SizeLimits, previousEncodingBytes = 0) {
    this.#serde = serde;
    this.#ours = serde instanceof HoldfastSerializer && serde.constructor === HoldfastSerializer ? serde : undefined;
    this.limits = limits;
    this.#previousEncodings = new LRUCache<ValueBytes, PreviousEncoding>(
      // lru-cache takes a size of 0 as "no limit"; no previous encoding is as small as 1.
      {
        maxSize: Math.max(1, Math.floor(previousEncodingBytes)),
        sizeCalculation: (previousEncoding) => previousEncoding.memoryBytes,
      },
    );
  }

  /** For the values of one put. */
  newPut(): PutSize {
    return new PutSize(this.limits.maxPutBytes);
  }

  /**
   * Takes the value as it is at the call, if the serde encodes before its first await, as ours does (contract C-36). With ours, there is no promise.
   *
   * @param name the channel, for error messages.
   * @throws SerializationError, ValueTooLargeError
   */
  dump(value: unknown, name: string, put = this.newPut()): SerializedValue | Promise<SerializedValue> {
    // What follows a value that was too much is not serialized any more.
    put.add(0);
    const checked = ([type, data]: readonly [string, Uint8Array]): SerializedValue =>
      this.#checked(type, ValueBytes.of(data), name, put);
    return this.#ours === undefined ? dumpWith(this.#serde, value, name).then(checked) : checked(this.#ours.dump(value, name));
  }

  /**
   * {@link dump} of a value that follows another one in its channel.
   *
   * @param before the other one, serialized.
   */
  dumpAfter(
    before: SerializedValue | undefined,
    value: unknown,
    name: string,
    put = this.newPut(),
  ): SerializedValue | Promise<SerializedValue> {
    if (this.#ours === undefined) return this.dump(value, name, put);
    put.add(0);
    const { dumped, previousEncoding } = this.#ours.dumpAfter(before && this.#previousEncodings.get(before.bytes), value, name);
    const [type, bytes] = dumped;
    const serialized = this.#checked(type, bytes, name, put);
    // The channel continues from the new value.
    if (before !== undefined) this.#previousEncodings.delete(before.bytes);
    if (previousEncoding !== undefined) this.#previousEncodings.set(serialized.bytes, previousEncoding);
    return serialized;
  }

  #checked(type: string, bytes: ValueBytes, name: string, put: PutSize): SerializedValue {
    const { maxValueBytes } = this.limits;
    if (bytes.length > maxValueBytes) {
      throw new ValueTooLargeError(
        `Channel ${name} is ${bytes.length} bytes when serialized; maxValueBytes is ${maxValueBytes}. ` +
          "Keep large documents in a file or object store and their address in the state.",
      );
    }
    put.add(bytes.length);
    return { type, bytes };
  }

  async load(value: SerializedValue): Promise<unknown> {
    const { type, bytes } = value;
    const { maxValueBytes } = this.limits;
    if (bytes.length > maxValueBytes) {
      throw new DeserializationError(`A stored value has ${bytes.length} bytes; maxValueBytes is ${maxValueBytes}.`);
    }
    const pause = breathe(bytes.length);
    if (pause !== undefined) await pause;
    if (this.#ours === undefined) return loadWith(this.#serde, type, Buffer.from(bytes.toBuffer()));
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

/**
 * A value as a user's serde writes it.
 *
 * @param name the channel, for error messages.
 * @throws SerializationError, with what the serde threw as its cause.
 */
export async function dumpWith(serde: SerializerProtocol, value: unknown, name: string): Promise<[type: string, bytes: Buffer]> {
  try {
    const [type, data] = await serde.dumpsTyped(value);
    // Copied, because a serde may return the very bytes of the state, as upstream's does with a `Uint8Array`. The run may change them, while the next
    // checkpoint is stored as a difference to these bytes.
    if (typeof type === "string") return [type, Buffer.from(data)];
  } catch (cause) {
    if (isHoldfastError(cause)) throw cause;
    throw new SerializationError(name, `the serde threw ${cause instanceof Error ? cause.name : typeof cause}.`, { cause });
  }
  throw new SerializationError(name, "the serde gave no type.");
}

/**
 * A value as a user's serde reads it.
 *
 * @throws DeserializationError, with what the serde threw as its cause.
 */
export async function loadWith(serde: SerializerProtocol, type: string, bytes: Uint8Array): Promise<unknown> {
  try {
    return (await serde.loadsTyped(type, bytes)) as unknown;
  } catch (cause) {
    if (isHoldfastError(cause)) throw cause;
    throw new DeserializationError(`The serde threw ${cause instanceof Error ? cause.name : typeof cause}.`, { cause });
  }
}
