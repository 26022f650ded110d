import { lostAcknowledgementTests } from "@holdfast/adapter-tests";
import { describe } from "vitest";
import { deleteThreadScript } from "../../src/operations/delete-thread.js";
import { acquireLeaseScript } from "../../src/operations/lease.js";
import { putScript } from "../../src/operations/put.js";
import { putWritesScript } from "../../src/operations/put-writes.js";
import type { Script } from "../../src/script.js";
import { inspectThread } from "../keyspace.js";
import { CLIENTS, privateTarget } from "./private-redis.js";

const calls =
  ({ sha1 }: Script) =>
  (request: Buffer): boolean =>
    request.includes(sha1);

/** A call as it travels, up to its number: every operation has another one, and repeats it. Before it stand six keys, six arguments, and an id of 16 bytes. */
const CHANGE = new RegExp(
  `(?:${putScript.sha1}|${putWritesScript.sha1})\\r\\n\\$1\\r\\n6\\r\\n(?:\\$\\d+\\r\\n[^\\r]*\\r\\n){12}\\$16\\r\\n[^]{16}\\r\\n\\$8\\r\\n[^]{8}`,
  "g",
);

for (const [name, connect] of Object.entries(CLIENTS)) {
  describe(name, () => {
    lostAcknowledgementTests({
      ...privateTarget(connect),
      through: (proxy, url) => proxy.url(url),
      requests: {
        put: calls(putScript),
        firstPut: calls(putScript),
        putWrites: calls(putWritesScript),
        acquireThread: calls(acquireLeaseScript),
        deleteThread: calls(deleteThreadScript),
      },
      changesIn: (request) => request.toString("latin1").match(CHANGE) ?? [],
      inspect: (url, threadId) => inspectThread([url], "holdfast", threadId),
    });
  });
}
