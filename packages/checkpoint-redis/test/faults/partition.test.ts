import { partitionTests } from "@holdfast/adapter-tests";
import { describe } from "vitest";
import { CLIENTS, openPrivate, privateTarget } from "./private-redis.js";

for (const [name, connect] of Object.entries(CLIENTS)) {
  describe(name, () => {
    partitionTests({
      ...privateTarget(connect),
      through: (proxy, url) => proxy.url(url),
      openImpatient: (url, { timeoutMs, retry }) =>
        // A client of one's own must be told, too, that a silent connection is a dead one.
        openPrivate((options) => connect({ ...options, socketTimeout: timeoutMs, connectTimeout: timeoutMs }), url, {
          commandTimeoutMs: timeoutMs,
          retry,
        }),
    });
  });
}
