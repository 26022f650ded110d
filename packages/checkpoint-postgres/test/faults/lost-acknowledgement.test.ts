import { lostAcknowledgementTests } from "@holdfast/adapter-tests";
import { rowsOf } from "../rows.js";
import { privateTarget } from "./private-server.js";

const inserts = (table: string) => (request: Buffer) => request.includes(`insert into "holdfast".${table}`);

lostAcknowledgementTests({
  ...privateTarget,
  through: (proxy, url) => proxy.url(url),
  requests: {
    put: inserts("checkpoint"),
    firstPut: inserts("thread"),
    putWrites: inserts("pending_write"),
    acquireThread: (request) => request.includes("lease_request = $4::uuid"),
    deleteThread: (request) => request.includes('delete from "holdfast".thread'),
  },
  // The repetition of a statement has the same bytes.
  changesIn: (request) => (request.includes('insert into "holdfast".') ? [request.toString("base64")] : []),
  inspect: rowsOf,
});
