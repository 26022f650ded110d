import { isHoldfastError, SerializationError } from "../errors.js";
import { Encoding } from "./encoding.js";
import { type Json, TAG } from "./format.js";
import { errorName } from "./prototypes.js";

/** Encodes what cannot be stored as `undefined`, and notes each. */
export class LenientEncoding extends Encoding {
  readonly dropped: SerializationError[] = [];

  override value(value: unknown, old?: Json): Json {
    const level = this.level;
    try {
      return super.value(value, old);
    } catch (error) {
      this.dropped.push(this.#refusalOf(error));
      this.leave(level);
      return { [TAG]: "undefined" };
    }
  }

  #refusalOf(error: unknown): SerializationError {
    if (error instanceof SerializationError) return error;
    // Too large, or too little stack: that is no matter of one value within.
    const isTooLong = error instanceof Error && "code" in error && error.code === "ERR_STRING_TOO_LONG";
    if (isHoldfastError(error) || error instanceof RangeError || isTooLong) throw error;
    return new SerializationError(this.path(), `reading it threw ${errorName(error)}`);
  }
}
