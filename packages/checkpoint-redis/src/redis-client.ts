import { type RetryPolicy, tryLimit } from "@holdfast/checkpoint-core/adapter";
import { Redis, type RedisOptions } from "ioredis";
import type { RedisCommand } from "./commands-of-try.js";

export type Argument = string | Buffer | number;

/** The part of an ioredis `Redis` or `Cluster` that the saver uses. Those of ioredis 5 and 6 fit, of any copy of the package. */
export interface RedisClient {
  call(command: string, ...args: Argument[]): Promise<unknown>;
  callBuffer(command: string, ...args: Argument[]): Promise<unknown>;
  pipeline(): RedisPipeline;
  /** Sends the command that `call` makes. */
  sendCommand(command: RedisCommand, ...where: unknown[]): unknown;
  /** Of a cluster. */
  nodes?(role: "master"): RedisClient[];
  disconnect(reconnect?: boolean): void;
  quit(): Promise<unknown>;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "connect", listener: () => void): unknown;
  listenerCount?(event: "error"): number;
  readonly stream?: RedisStream | null | undefined;
  readonly status: string;
  readonly isCluster: boolean;
  readonly options: object;
}

/** The part of a client's socket that the saver uses. */
export interface RedisStream {
  readonly bytesRead: number;
  once(event: "data", listener: (data: Buffer) => void): unknown;
}

/** The part of an ioredis pipeline that the saver uses. */
export interface RedisPipeline {
  callBuffer(command: string, ...args: Argument[]): unknown;
  call(command: string, ...args: Argument[]): unknown;
  exec(): Promise<[error: Error | null, result: unknown][] | null>;
}

/** Whether it is a client rather than options for one. */
export function isClient(value: unknown): value is RedisClient {
  return typeof (value as Partial<RedisClient> | null | undefined)?.callBuffer === "function";
}

/** The saver's own client, which connects at the first command. */
export function openClient(options: RedisOptions, commandTimeoutMs: number, retry: RetryPolicy): RedisClient {
  const limitMs = tryLimit(retry, commandTimeoutMs);
  // With exact optional properties, the constructor of ioredis 6 does not take ioredis 6's own `replyMapping`.
  const asked: Omit<RedisOptions, "replyMapping"> = options;
  return new Redis({
    keepAlive: 30_000,
    // A connection that does not come up, or that nothing comes back on, is dropped, and a new one tried.
    connectTimeout: limitMs,
    socketTimeout: limitMs,
    // No longer pauses than operations have between their tries: they would all fall into one, although the server is back.
    retryStrategy: (times) => Math.min(50 * times, 2_000, retry.maxDelayMs),
    ...asked,
    lazyConnect: true,
    // The saver retries within its budget; commands that wait in the client would be tried twice.
    maxRetriesPerRequest: 0,
  });
}
