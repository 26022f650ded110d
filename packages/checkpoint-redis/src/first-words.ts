import { createConnection, type NetConnectOpts } from "node:net";
import type { RedisClient } from "./redis-client.js";

/** A server that is there answers at once; who waits has an error already. */
const PATIENCE_MS = 1_000;

/** What an answer of Redis begins with. https://redis.io/docs/latest/develop/reference/protocol-spec/ */
const TYPES = "+-:$*_,#!=(%~>|";

/** ioredis drops the words with which a server sends a client away, and has for what is no answer of Redis an error that nothing tells from others. */
export function faultOfFirstWords(words: Buffer): Error | undefined {
  const text = words.toString("latin1", 0, 64);
  if (text.startsWith("-ERR max number of clients")) {
    return Object.assign(new Error(text.slice(1).trim()), { name: "ReplyError" });
  }
  if (TYPES.includes(text.charAt(0))) return undefined;
  return Object.assign(new Error("what answers is no Redis"), { code: "NOT_REDIS" });
}

/**
 * Why a server closes the connections of a client, in the server's own words, if it has any.
 *
 * A client greets with several commands. When the server has closed the connection before the second, Node refuses to write it and discards what the server said.
 * So this sends one command only, which the server always answers before the connection is gone.
 */
export async function askWhyClosed(client: RedisClient): Promise<Error | undefined> {
  const where = placeOf(client);
  if (where === undefined) return undefined;
  const socket = createConnection(where);
  try {
    const words = await new Promise<Buffer | undefined>((resolve) => {
      socket.setTimeout(PATIENCE_MS, () => resolve(undefined));
      socket.once("data", resolve);
      socket.once("error", () => resolve(undefined));
      socket.once("close", () => resolve(undefined));
      socket.write("PING\r\n");
    });
    return words === undefined ? undefined : faultOfFirstWords(words);
  } finally {
    socket.destroy();
  }
}

/** Where one server is, unless it is found by others, or says nothing before a TLS handshake. */
function placeOf(client: RedisClient): NetConnectOpts | undefined {
  const { host, port, path, tls, sentinels } = client.options as {
    readonly host?: string | null;
    readonly port?: number | null;
    readonly path?: string | null;
    readonly tls?: unknown;
    readonly sentinels?: unknown;
  };
  if (client.isCluster || tls || sentinels) return undefined;
  return path ? { path } : { host: host ?? "localhost", port: port ?? 6379 };
}
