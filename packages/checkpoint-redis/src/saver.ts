import {
  HoldfastSaver,
  HoldfastSerializer,
  InvalidOptionsError,
  type OperationOptions,
  type ServerWarning,
  type SetupReport,
} from "@holdfast/checkpoint-core";
import { saverArguments, threadIdArgument, underOptions } from "@holdfast/checkpoint-core/adapter";
import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";
import type { RedisOptions } from "ioredis";
import { Connection } from "./client.js";
import type { Durability } from "./durability.js";
import type { Keys } from "./keys.js";
import { type RedisSaverOptions, refuseUnknownOptions, resolveOptions } from "./options.js";
import { isClient, openClient, type RedisClient } from "./redis-client.js";
import { checkServers } from "./server-check.js";
import { RedisStore } from "./store.js";

/**
 * A LangGraph.js checkpointer on Redis 6.2 or Valkey 7.2 or later: plain, Sentinel or Cluster, no modules. `docs/reference/contract.md` has its promises, rule by
 * rule; `docs/operate/redis.md` says what Redis itself does not promise.
 *
 * ```ts
 * const saver = RedisSaver.fromUrl(process.env.REDIS_URL);
 * await saver.setup();
 * const app = graph.compile({ checkpointer: saver });
 * await app.invoke(input, { configurable: { thread_id: "user-1" } });
 * ```
 */
export class RedisSaver extends HoldfastSaver {
  readonly #redis: Connection;
  readonly #store: RedisStore;
  readonly #durability: Durability | undefined;
  readonly #keys: Keys;

  /**
   * @param client an ioredis `Redis` or `Cluster`, which `end()` does not close. Or options for one, e.g. `sentinels` and `name`: then the saver opens and closes
   *   it.
   * @throws InvalidOptionsError
   */
  constructor(client: RedisClient | RedisOptions, options?: RedisSaverOptions);
  /**
   * @param client as above.
   * @param serde encodes channel values and pending writes. Default: ours, which is lossless or throws.
   * @throws InvalidOptionsError
   */
  constructor(client: RedisClient | RedisOptions, serde: SerializerProtocol | undefined, options?: RedisSaverOptions);
  constructor(
    client: RedisClient | RedisOptions,
    serdeOrOptions?: SerializerProtocol | RedisSaverOptions,
    moreOptions?: RedisSaverOptions,
  ) {
    const options = saverArguments("RedisSaver", serdeOrOptions, moreOptions);
    const { keys, serde, ttl, durability, retry, commandTimeoutMs, ...limits } = resolveOptions(options);
    const isOwned = !isClient(client);
    const redis = new Connection(isOwned ? openClient(checkOptions(client), commandTimeoutMs, retry) : client, {
      isOwned,
      retry,
      commandTimeoutMs,
      durability,
      events: limits.events,
    });
    const store = new RedisStore(redis, keys, ttl);
    super(store, serde ?? new HoldfastSerializer(), limits);
    this.#redis = redis;
    this.#store = store;
    this.#durability = durability;
    this.#keys = keys;
  }

  /**
   * A saver with its own client, which `end()` closes.
   *
   * @param url e.g. `redis://user:password@host:6379/0`, with TLS `rediss://…`.
   * @throws InvalidOptionsError
   */
  static fromUrl(url: string, options?: RedisSaverOptions): RedisSaver {
    refuseUnknownOptions("RedisSaver.fromUrl", options);
    return new RedisSaver(optionsOfUrl(url), options);
  }

  /**
   * Checks that the server has what the saver needs, and warns about what puts state at risk: an eviction policy, no persistence, a replica. It skips checks that
   * the server forbids. It creates nothing: the saver works without it.
   *
   * @throws UnsupportedServerError, StoreUnavailableError, StoreFailureError (the server does not have the database that the client was made for, or
   *   the user may not call what the scripts call)
   */
  async setup(options?: OperationOptions): Promise<SetupReport> {
    const check = () => checkServers(this.#redis, this.#keys, this.#durability);
    const warnings = await underOptions("setup", options, check);
    for (const warning of warnings) emitOnce(warning);
    return { warnings };
  }

  /**
   * Removes a thread's time to live, until a run sets one of its own ({@link withTtl}).
   *
   * @returns whether there is such a thread.
   * @throws MissingThreadIdError, InvalidThreadIdError, StoreUnavailableError, StoreFailureError
   */
  persist(threadId: string, options?: OperationOptions): Promise<boolean> {
    return underOptions("persist", options, () => this.#store.persist(threadIdArgument(threadId, "persist")));
  }
}

const EMITTED = new Set<string>();

/** Warns once per process, which may create many savers. */
function emitOnce({ code, message }: ServerWarning): void {
  if (EMITTED.has(message)) return;
  EMITTED.add(message);
  process.emitWarning(message, { type: "HoldfastWarning", code });
}

function checkOptions(options: unknown): RedisOptions {
  if (typeof options === "object" && options !== null && Object.getPrototypeOf(options) === Object.prototype) return options;
  throw new InvalidOptionsError(
    'RedisSaver needs a client of ioredis, new RedisSaver(new Redis("redis://localhost:6379")), or the options of one.',
  );
}

/** ioredis would take an unreadable URL for a host name, and look it up. */
function optionsOfUrl(url: unknown): RedisOptions {
  const form = "Write redis://user:password@host:6379/0, or rediss:// for TLS.";
  if (typeof url !== "string" || url === "") throw new InvalidOptionsError(`The URL is empty. ${form}`);
  if (!URL.canParse(url)) throw new InvalidOptionsError(`The URL cannot be read. ${form}`);
  const { protocol, hostname, port, username, password, pathname, search } = new URL(url);
  if (protocol !== "redis:" && protocol !== "rediss:") throw new InvalidOptionsError(`The URL is not for Redis. ${form}`);
  if (hostname === "") throw new InvalidOptionsError(`The URL names no host. ${form}`);
  if (search !== "") throw new InvalidOptionsError("The URL has parameters. Pass ioredis options as an object instead.");
  const db = pathname.replace(/^\//, "");
  if (!/^\d*$/.test(db)) throw new InvalidOptionsError(`The path of the URL is not a database number. ${form}`);
  return {
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    ...(port === "" ? {} : { port: Number(port) }),
    ...(username === "" ? {} : { username: decoded(username) }),
    ...(password === "" ? {} : { password: decoded(password) }),
    ...(db === "" ? {} : { db: Number(db) }),
    ...(protocol === "rediss:" ? { tls: {} } : {}),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new InvalidOptionsError("The user or the password in the URL is not percent-encoded.");
  }
}
