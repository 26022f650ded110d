// C-71: a connection that the server ends while nobody uses it, as in a failover, ends the process.
// npm install @langchain/langgraph@1.4.17 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-postgres@1.0.5 pg@8
// DATABASE_URL=postgres://localhost:5432/empty node c-71-idle-connection.mjs   (a database of its own; it fails: that is what it shows)
import assert from "node:assert/strict";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import pg from "pg";

const uncaught = [];
const note = (error) => uncaught.push(error.message);
process.on("uncaughtException", note); // without this line, the process ends

const saver = PostgresSaver.fromConnString(process.env.DATABASE_URL);
await saver.setup();
const config = { configurable: { thread_id: "1" } };
await saver.getTuple(config);
const admin = new pg.Client({ connectionString: process.env.DATABASE_URL });
await admin.connect();
await admin.query(
  "select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
);
await admin.end();
await saver.getTuple(config).catch(() => {}); // that a call fails would be no surprise
await saver.end();
process.off("uncaughtException", note);
assert.deepEqual(uncaught, []);
