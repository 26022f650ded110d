import { askWhyClosed, faultOfFirstWords } from "./first-words.js";
import type { RedisClient } from "./redis-client.js";
import { codeOf, decisive, remedyOf } from "./faults.js";

/** What a client tells of its connection. Its own errors of commands say only how often it tried. */
export class ClientFaults {
  readonly #client: RedisClient;
  #last: Error | undefined;
  readonly #listeners = new Set<(error: Error) => void>();

  private constructor(client: RedisClient, isOwned: boolean) {
    this.#client = client;
    client.on("error", (error) => {
      // Without any listener but ours, ioredis would print it, and so it is.
      const isUnheard = !isOwned && client.listenerCount?.("error") === 1;
      if (isUnheard) process.stderr.write(`[ioredis] Unhandled error event: ${error.stack}\n`);
      this.#note(error);
    });
    client.on("connect", () => {
      client.stream?.once("data", (first) => {
        const fault = faultOfFirstWords(first);
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

  /** Asks a server that closed the connection before it was heard. */
  async ask(): Promise<void> {
    if (!isClosing(this.#last)) return;
    const fault = await askWhyClosed(this.#client);
    if (fault !== undefined) this.#note(fault);
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
    const saysNothing = isClosing(error) || (code === undefined && codeOf(error) === undefined);
    if (saysNothing && (codeOf(this.#last) ?? remedyOf(this.#last)) !== undefined) return;
    this.#last = error;
    for (const listener of this.#listeners) listener(error);
  }
}

function isClosing(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return code === "EPIPE" || code === "ECONNRESET";
}

const known = new WeakMap<RedisClient, ClientFaults>();

/** Waits for a promise, or until the client tells of a fault that no repetition mends: it would keep it waiting. */
export async function unlessMisconfigured<T>(faults: ClientFaults, promise: Promise<T>): Promise<T> {
  let stop = (): void => {};
  const failed = new Promise<never>((_, reject) => {
    stop = faults.onFault((error) => {
      if (remedyOf(error) !== undefined) reject(error);
    });
  });
  try {
    return await Promise.race([promise, failed]);
  } finally {
    stop();
  }
}
