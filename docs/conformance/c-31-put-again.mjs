// C-31: a checkpoint that is put again keeps its old values.
// npm install @langchain/langgraph@1.4.17 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-postgres@1.0.5
// DATABASE_URL=postgres://localhost:5432/empty node c-31-put-again.mjs   (a database of its own; it fails: that is what it shows)
import assert from "node:assert/strict";
import { uuid6 } from "@langchain/langgraph-checkpoint";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";

const saver = PostgresSaver.fromConnString(process.env.DATABASE_URL);
await saver.setup();
const config = { configurable: { thread_id: "1", checkpoint_ns: "" } };
const id = uuid6(0);
for (const value of ["old", "new"]) {
  const checkpoint = { v: 4, id, ts: "", channel_values: { a: [value] }, channel_versions: { a: 1 }, versions_seen: {} };
  await saver.put(config, checkpoint, { source: "loop", step: 0, parents: {} }, { a: 1 });
}
const { checkpoint } = await saver.getTuple(config);
await saver.end();
assert.deepEqual(checkpoint.channel_values, { a: ["new"] });
