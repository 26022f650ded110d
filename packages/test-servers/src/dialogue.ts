import { RespCounter } from "./resp-counter.js";

/** Follows both sides of a connection, to know when the server has answered all that it was asked. */
export interface Dialogue {
  asked(bytes: Buffer): void;
  answered(bytes: Buffer): void;
  /** Asked right after the server spoke. */
  readonly isDone: boolean;
}

/** By how the client begins: each command of Redis is an array, and no message with which a client of PostgreSQL begins looks like one. */
export function dialogueFor(firstBytes: Buffer): Dialogue {
  return firstBytes[0] === "*".charCodeAt(0) ? new RedisDialogue() : new PostgresDialogue();
}

/** Commands may be sent before the last one is answered; each has one reply. */
class RedisDialogue implements Dialogue {
  readonly #commands = new RespCounter();
  readonly #replies = new RespCounter();

  asked(bytes: Buffer): void {
    this.#commands.read(bytes);
  }

  answered(bytes: Buffer): void {
    this.#replies.read(bytes);
  }

  get isDone(): boolean {
    // A command that is half sent has no reply to wait for yet.
    return this.#commands.isBetween && this.#replies.count === this.#commands.count;
  }
}

/** ReadyForQuery: PostgreSQL is done with the request, and with the commit if there was one. The byte after it says in which state. */
const READY_FOR_QUERY = Buffer.from([0x5a, 0, 0, 0, 5]);

class PostgresDialogue implements Dialogue {
  #end = Buffer.alloc(0);

  asked(): void {}

  answered(bytes: Buffer): void {
    this.#end = Buffer.concat([this.#end, bytes.subarray(-6)]).subarray(-6);
  }

  get isDone(): boolean {
    return this.#end.subarray(0, -1).equals(READY_FOR_QUERY);
  }
}
