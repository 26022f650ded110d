// C-33: a value that is given, and that the parent does not hold at its version, is not stored.
// npm install @langchain/langgraph@1.4.17 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-postgres@1.0.5
// DATABASE_URL=postgres://localhost:5432/empty node c-33-given-values.mjs   (a database of its own; it fails: that is what it shows)
import assert from "node:assert/strict";
import { uuid6 } from "@langchain/langgraph-checkpoint";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";

const saver = PostgresSaver.fromConnString(process.env.DATABASE_URL);
await saver.setup();
const config = { configurable: { thread_id: "1", checkpoint_ns: "", checkpoint_id: uuid6(0) } };
const checkpoint = {
  v: 4,
  id: uuid6(1),
  ts: "",
  channel_values: { a: ["given"] },
  channel_versions: { a: 5 },
  versions_seen: {},
};
await saver.put(config, checkpoint, { source: "loop", step: 0, parents: {} }, {});
const { checkpoint: read } = await saver.getTuple({ configurable: { thread_id: "1" } });
await saver.end();
assert.deepEqual(read.channel_values, { a: ["given"] });
