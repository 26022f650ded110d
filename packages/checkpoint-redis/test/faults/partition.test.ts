import { partitionTests } from "@holdfast/adapter-tests";
import { describe } from "vitest";
import { deleteThreadScript } from "../../src/operations/delete-thread.js";
import { putWritesScript } from "../../src/operations/put-writes.js";
import { CLIENTS, type Connect, type ConnectOptions, openPrivate, privateTarget } from "./private-redis.js";

/** A client that is as impatient as its saver: silence is a lost connection, and a new one is tried at once. The saver's own is so by itself. */
function impatient(connect: Connect, timeoutMs: number): Connect {
  return ({ host, port, password }: ConnectOptions) => {
    const isOwn = connect === CLIENTS["a client of the saver's own"];
    const options = { host, port, password, connectTimeout: timeoutMs };
    return connect(isOwn ? options : { ...options, socketTimeout: timeoutMs, retryStrategy: () => 10 });
  };
}

for (const [name, connect] of Object.entries(CLIENTS)) {
  describe(name, () => {
    partitionTests({
      ...privateTarget(connect),
      through: (proxy, url) => proxy.url(url),
      deletes: (request) => request.includes(deleteThreadScript.sha1),
      writes: (request) => request.includes(putWritesScript.sha1),
      openImpatient: (url, { timeoutMs, retry }) =>
        openPrivate(impatient(connect, timeoutMs), url, { commandTimeoutMs: timeoutMs, retry }),
    });
  });
}
