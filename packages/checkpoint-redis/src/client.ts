import { setMaxListeners } from "node:events";
import { SaverClosedError, StoreUnavailableError } from "@holdfast/checkpoint-core";
import {
  type Events,
  type FailedTry,
  PING_POLICY,
  type RetryPolicy,
  retry,
  tryLimit,
  unlessAborted,
  warnSometimes,
} from "@holdfast/checkpoint-core/adapter";
import { CommandsOfTry } from "./commands-of-try.js";
import { checkDurable, type Durability, waitCommand } from "./durability.js";
import { ClientFaults, unlessMisconfigured } from "./client-faults.js";
import { textOf, toHoldfastError, wrongDatabase } from "./errors.js";
import {
  codeOf,
  decisive,
  isDatabaseRefusal,
  isRedirection,
  isTransient,
  isUnusual,
  needsNewConnection,
  remedyOf,
} from "./faults.js";
import { hostOf } from "./host.js";
import type { Argument, RedisClient } from "./redis-client.js";
import type { Script } from "./script.js";

/** The arguments of a script, or a function that makes them for a try that is given up after `ms` milliseconds. */
export type Arguments = readonly Argument[] | ((timeoutMs: number) => readonly Argument[]);

/** A script's reply: byte strings in lists. */
export type Reply = readonly unknown[];

/** Runs scripts on a Redis, with retries, and turns failures into errors of the Holdfast family. */
export class Connection {
  readonly #client: RedisClient;
  readonly #isOwned: boolean;
  readonly #retry: RetryPolicy;
  /** After so long without an answer, a try is given up. */
  readonly #tryMs: number;
  readonly #durability: Durability | undefined;
  readonly #events: Events;
  readonly #closing = new AbortController();
  readonly #faults: ClientFaults;
  /** Why our own client may not use the database that it was told to. */
  #databaseRefusal: Error | undefined;

  constructor(
    client: RedisClient,
    settings: {
      readonly isOwned: boolean;
      readonly retry: RetryPolicy;
      readonly commandTimeoutMs: number;
      readonly durability: Durability | undefined;
      readonly events: Events;
    },
  ) {
    this.#client = client;
    this.#isOwned = settings.isOwned;
    this.#retry = settings.retry;
    // A write waits for its replicas within its try.
    const waitMs = 2 * (settings.durability?.timeoutMs ?? 0);
    this.#tryMs = Math.min(settings.commandTimeoutMs, Math.max(tryLimit(settings.retry, settings.commandTimeoutMs), waitMs));
    this.#durability = settings.durability;
    this.#events = settings.events;
    // Each operation that waits for a retry listens; Node would warn of a leak at the eleventh.
    setMaxListeners(0, this.#closing.signal);
    this.#faults = ClientFaults.of(client, settings.isOwned);
    if (this.#isOwned) this.#faults.onFault((error) => this.#leaveWrongDatabase(error));
  }

  #leaveWrongDatabase(error: Error): void {
    if (!isDatabaseRefusal(error)) return;
    this.#databaseRefusal = error;
    // Runs before it sends the commands that wait for the connection.
    this.#client.disconnect();
  }

  /** `host:port` of the server, or of the sentinels or nodes that know its address. */
  get host(): string {
    return hostOf(this.#client);
  }

  /** The database that the client was made for. */
  get database(): number {
    const { options } = this.#client as { readonly options?: { readonly db?: number } };
    return options?.db ?? 0;
  }

  /** Whether keys of different hash tags may be on different servers. */
  get isCluster(): boolean {
    return this.#client.isCluster;
  }

  /**
   * Runs an idempotent script. It may run more than once.
   *
   * @param operation the method that the user called, for error messages.
   * @throws SaverClosedError, StoreUnavailableError, StoreFailureError
   */
  run(operation: string, script: Script, keys: readonly string[], args: Arguments): Promise<Reply> {
    return this.#withRetries(operation, (commands) => this.#evaluate(commands, script, this.#all(keys, args), keys.length));
  }

  #all(keys: readonly string[], args: Arguments): readonly Argument[] {
    return [...keys, ...(typeof args === "function" ? args(this.#tryMs) : args)];
  }

  /** Runs an idempotent script that writes, until the write is as durable as requested. */
  runDurably(operation: string, script: Script, keys: readonly string[], args: Arguments): Promise<Reply> {
    const durability = this.#durability;
    if (durability === undefined) return this.run(operation, script, keys, args);
    return this.#withRetries(operation, async (commands) => {
      const all = this.#all(keys, args);
      const evaluateAndWait = (...how: readonly ["evalsha" | "eval", string]): Promise<Reply> =>
        this.#evaluateAndWait(commands, durability, operation, how, all, keys.length);
      try {
        return await evaluateAndWait("evalsha", script.sha1);
      } catch (error) {
        // With its source: a script that is loaded separately may be flushed before it is called.
        if (codeOf(error) === "NOSCRIPT") return evaluateAndWait("eval", script.source);
        // The client follows redirections only outside of a pipeline.
        if (!isRedirection(error)) throw error;
        await this.#evaluate(commands, script, all, keys.length);
        return evaluateAndWait("evalsha", script.sha1);
      }
    });
  }

  /** Sends the same command to every master. */
  ask(operation: string, command: string, ...args: string[]): Promise<unknown[]> {
    return this.#withRetries(operation, (commands) => this.#askAll(commands, command, ...args));
  }

  async #askAll(commands: CommandsOfTry, command: string, ...args: string[]): Promise<unknown[]> {
    // Until it has asked them, a client of a cluster takes all the nodes that it was given for masters.
    if (this.#client.isCluster && this.#client.status !== "ready") await commands.call(this.#client, "ping");
    const servers = this.#client.nodes?.("master") ?? [this.#client];
    return Promise.all(servers.map((server) => commands.call(server, command, ...args)));
  }

  /** One round trip to each master, within {@link PING_POLICY}. */
  async ping(): Promise<void> {
    await this.#withRetries("ping", (commands) => this.#askAll(commands, "ping"), PING_POLICY);
  }

  async #withRetries<T>(
    operation: string,
    work: (commands: CommandsOfTry) => Promise<T>,
    policy: RetryPolicy = this.#retry,
  ): Promise<T> {
    const limitMs = policy === this.#retry ? this.#tryMs : tryLimit(policy, this.#tryMs);
    const isWorthAnother = (error: unknown): boolean => isTransient(error) && remedyOf(this.#reasonOf(error)) === undefined;
    const tell = this.#events.retrying(operation, (error) => this.#errorOf(error, operation));
    const onRetry = (failed: FailedTry): void => {
      if (policy === this.#retry) this.#warn(operation, failed);
      tell?.(failed);
    };
    try {
      const attempt = (signal: AbortSignal | undefined): Promise<T> => this.#attempt(operation, work, limitMs, signal);
      return await retry(policy, isWorthAnother, attempt, { giveUp: this.#closing.signal, onRetry });
    } catch (error) {
      if (isTransient(error)) await this.#faults.ask();
      throw this.#errorOf(error, operation);
    }
  }

  #errorOf(error: unknown, operation: string): unknown {
    return toHoldfastError(error, operation, this.host, this.#faults.last);
  }

  /** A client that has no connection says of a command only how often it tried. */
  #reasonOf(failure: unknown): unknown {
    const error = decisive(failure);
    return codeOf(error) === undefined ? (this.#faults.last ?? error) : error;
  }

  #warn(operation: string, { error, attempt, delayMs, leftMs }: FailedTry): void {
    if (attempt > 1 || !isUnusual(error)) return;
    const reason = textOf(this.#reasonOf(error));
    const seconds = Math.round((delayMs + leftMs) / 1_000);
    const text = `${operation}: Redis at ${this.host} is unavailable, and is retried for ${seconds} s: ${reason}.`;
    warnSometimes("HOLDFAST_RETRYING", this.host, text);
  }

  async #attempt<T>(
    operation: string,
    work: (commands: CommandsOfTry) => Promise<T>,
    limitMs: number,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    if (this.#closing.signal.aborted) throw new SaverClosedError(operation);
    this.checkDatabase(operation);
    if (this.#client.status === "end") {
      throw new StoreUnavailableError(
        `${operation}: the connection to Redis at ${this.host} was closed, or its client has given up. Create a new client, or reconnect it.`,
      );
    }
    const commands = new CommandsOfTry();
    const { stream } = this.#client;
    const bytesRead = stream?.bytesRead;
    try {
      const answer = unlessMisconfigured(this.#faults, withinTime(limitMs, work(commands)));
      const result = await unlessAborted(signal, answer);
      this.#faults.clear();
      return result;
    } catch (error) {
      this.checkDatabase(operation);
      // The address of a managed Redis leads to the new master after a failover; the connection that stands, to the old one.
      const isElsewhere = needsNewConnection(error);
      // A network that has forgotten a connection does not say so. Another try would wait on it, too.
      const isSilent = error instanceof NoAnswerError && stream === this.#client.stream && stream?.bytesRead === bytesRead;
      if ((isElsewhere || isSilent) && !this.#client.isCluster) this.#client.disconnect(true);
      throw error;
    } finally {
      commands.end();
    }
  }

  /** @throws StoreFailureError if the server refused our own client its database. */
  checkDatabase(operation: string): void {
    if (this.#databaseRefusal !== undefined) throw wrongDatabase(operation, this.host, this.database, this.#databaseRefusal);
  }

  async #evaluate(commands: CommandsOfTry, script: Script, all: readonly Argument[], keyCount: number): Promise<Reply> {
    try {
      return (await commands.callBuffer(this.#client, "evalsha", script.sha1, keyCount, ...all)) as Reply;
    } catch (error) {
      if (codeOf(error) !== "NOSCRIPT") throw error;
      // The server was restarted or is new. EVAL caches the script for the next call.
      return (await commands.callBuffer(this.#client, "eval", script.source, keyCount, ...all)) as Reply;
    }
  }

  /** WAIT covers the writes of its own connection: both are sent together, in one round trip. */
  async #evaluateAndWait(
    commands: CommandsOfTry,
    durability: Durability,
    operation: string,
    script: readonly [command: "evalsha" | "eval", script: string],
    all: readonly Argument[],
    keyCount: number,
  ): Promise<Reply> {
    const pipeline = commands.pipeline(this.#client);
    pipeline.callBuffer(...script, keyCount, ...all);
    pipeline.call(...waitCommand(durability));
    const results = await pipeline.exec();
    const [[failure, reply] = [null, null], [waitFailure, reached] = [null, null]] = results ?? [];
    if (failure !== null) throw failure;
    if (waitFailure !== null) throw waitFailure;
    checkDurable(durability, reached, operation);
    return reply as Reply;
  }

  /** Ends the waits of retries, and the client if the saver opened it. */
  async end(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    if (!this.#isOwned || this.#client.status === "end") return;
    if (this.#client.status === "ready") await this.#client.quit().catch(() => this.#client.disconnect());
    else this.#client.disconnect();
  }
}

class NoAnswerError extends Error {}

/** Gives up waiting after so many milliseconds. What was sent may still be done. */
async function withinTime<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoAnswerError(`no answer within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
