import type { RedisClient } from "./client.js";
import { codeOf, decisive, remedyOf } from "./faults.js";

/** What a client tells of its connection. Its own errors of commands say only how often it tried. */
export class ClientFaults {
  #last: Error | undefined;
  readonly #listeners = new Set<(error: Error) => void>();

  private constructor(client: RedisClient, isOwned: boolean) {
    client.on("error", (error) => {
      // Without any listener but ours, ioredis would print it, and so it is.
      const isUnheard = !isOwned && client.listenerCount?.("error") === 1;
      if (isUnheard) process.stderr.write(`[ioredis] Unhandled error event: ${error.stack}\n`);
      this.#note(error);
    });
    client.on("connect", () => {
      client.stream?.once("data", (first) => {
        const fault = faultOfFirstAnswer(first);
        if (fault !== undefined) this.#note(fault);
      });
    });
  }

  /** One for each client: Node would warn of a leak at the eleventh listener, and a client outlives savers. */
  static of(client: RedisClient, isOwned: boolean): ClientFaults {
    let faults = known.get(client);
    if (faults === undefined) {
      faults = new ClientFaults(client, isOwned);
      known.set(client, faults);
    }
    return faults;
  }

  /** Why the connection went away, or did not come up. */
  get last(): Error | undefined {
    return this.#last;
  }

  /** The connection works. */
  clear(): void {
    this.#last = undefined;
  }

  onFault(listener: (error: Error) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** What the server said before the connection was closed tells more than that it is. */
  #note(failure: Error): void {
    const error = decisive(failure) as Error;
    const { code } = error as { readonly code?: unknown };
    const isClosing = code === "EPIPE" || code === "ECONNRESET";
    const saysNothing = isClosing || (code === undefined && codeOf(error) === undefined);
    if (saysNothing && (codeOf(this.#last) ?? remedyOf(this.#last)) !== undefined) return;
    this.#last = error;
    for (const listener of this.#listeners) listener(error);
  }
}

/** What an answer of Redis begins with. https://redis.io/docs/latest/develop/reference/protocol-spec/ */
const TYPES = "+-:$*_,#!=(%~>|";

/** ioredis drops the words with which a server sends a client away, and has for what is no answer of Redis an error that nothing tells from others. */
function faultOfFirstAnswer(first: Buffer): Error | undefined {
  const text = first.toString("latin1", 0, 64);
  if (text.startsWith("-ERR max number of clients")) {
    return Object.assign(new Error(text.slice(1).trim()), { name: "ReplyError" });
  }
  if (TYPES.includes(text.charAt(0))) return undefined;
  return Object.assign(new Error("what answers is no Redis"), { code: "NOT_REDIS" });
}

const known = new WeakMap<RedisClient, ClientFaults>();
