import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";

/**
 * A serializer as a user might write one for encryption: its bytes are no text, its type names are its own, and it refuses what it did not
 * write. It counts what passes through it.
 */
export class MaskingSerde implements SerializerProtocol {
  readonly #inner: SerializerProtocol;
  readonly #mask: number;
  encoded = 0;
  decoded = 0;

  constructor(inner: SerializerProtocol, mask = 0xa5) {
    this.#inner = inner;
    this.#mask = mask;
  }

  async dumpsTyped(value: unknown): Promise<[string, Uint8Array]> {
    const [type, bytes] = await this.#inner.dumpsTyped(value);
    this.encoded += 1;
    return [`masked:${type}`, bytes.map((byte) => byte ^ this.#mask)];
  }

  async loadsTyped(type: string, data: Uint8Array | string): Promise<unknown> {
    if (!type.startsWith("masked:")) throw new Error(`The serializer is given the type "${type}", which it did not write`);
    if (typeof data === "string") throw new Error("The serializer is given a string, and it wrote bytes");
    this.decoded += 1;
    const plain = Uint8Array.from(data, (byte) => byte ^ this.#mask);
    return this.#inner.loadsTyped(type.slice("masked:".length), plain);
  }
}
