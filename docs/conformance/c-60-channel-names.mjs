// C-60: a channel whose name has a backslash cannot be read: the name of the channel is taken for bytea.
// npm install @langchain/langgraph@1.4.17 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-postgres@1.0.5
// DATABASE_URL=postgres://localhost:5432/empty node c-60-channel-names.mjs   (a database of its own; it fails: that is what it shows)
import assert from "node:assert/strict";
import { uuid6 } from "@langchain/langgraph-checkpoint";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";

const saver = PostgresSaver.fromConnString(process.env.DATABASE_URL);
await saver.setup();
const config = { configurable: { thread_id: "1", checkpoint_ns: "" } };
const values = { "a\\b": ["value"] };
const checkpoint = { v: 4, id: uuid6(0), ts: "", channel_values: values, channel_versions: { "a\\b": 1 }, versions_seen: {} };
await saver.put(config, checkpoint, { source: "loop", step: 0, parents: {} }, { "a\\b": 1 });
try {
  await assert.doesNotReject(saver.getTuple(config));
} finally {
  await saver.end();
}
