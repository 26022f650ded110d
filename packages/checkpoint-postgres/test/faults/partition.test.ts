import { partitionTests } from "@holdfast/adapter-tests";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { privateTarget } from "./private-server.js";

partitionTests({
  openStore: privateTarget.openStore,
  through: (proxy, url) => proxy.url(url),
  openImpatient: (url, { timeoutMs, retry }) =>
    PostgresSaver.fromConnString(url, { statementTimeoutMs: timeoutMs, connectTimeoutMs: timeoutMs, retry }),
  close: (saver) => saver.end(),
  deletes: (request) => request.includes(`delete from "holdfast".thread`),
  writes: (request) => request.includes(`insert into "holdfast".pending_write`),
});
