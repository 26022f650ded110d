import { lostAcknowledgementTests } from "@holdfast/adapter-tests";
import { rowsOf } from "../rows.js";
import { privateTarget } from "./private-server.js";

/** A connection that has prepared a statement is told its name only. */
const runs =
  (part: string, name = part) =>
  (request: Buffer): boolean =>
    request.includes(part) || request.includes(`holdfast_${name}_`);

lostAcknowledgementTests({
  ...privateTarget,
  through: (proxy, url) => proxy.url(url),
  requests: {
    put: runs(`insert into "holdfast".checkpoint`, "put"),
    firstPut: runs(`insert into "holdfast".thread`),
    putWrites: runs(`insert into "holdfast".pending_write`, "put_writes"),
    acquireThread: runs("acquire_lease"),
    deleteThread: runs(`delete from "holdfast".thread`),
  },
  // The repetition of a statement has the same bytes, or also its text.
  changesIn: (request) => (runs('insert into "holdfast".', "put")(request) ? [request.toString("base64")] : []),
  inspect: rowsOf,
});
