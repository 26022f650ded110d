// C-36: a checkpoint that its caller goes on with while it is put loses its values.
// npm install @langchain/langgraph@1.4.17 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-postgres@1.0.5
// DATABASE_URL=postgres://localhost:5432/empty node c-36-changed-meanwhile.mjs   (a database of its own; it fails: that is what it shows)
import assert from "node:assert/strict";
import { uuid6 } from "@langchain/langgraph-checkpoint";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";

const saver = PostgresSaver.fromConnString(process.env.DATABASE_URL);
await saver.setup();
const config = { configurable: { thread_id: "1", checkpoint_ns: "" } };
const messages = ["as it was"];
const checkpoint = {
  v: 4,
  id: uuid6(0),
  ts: "",
  channel_values: { messages },
  channel_versions: { messages: 1 },
  versions_seen: {},
};
const putting = saver.put(config, checkpoint, { source: "loop", step: 0, parents: {} }, { messages: 1 });
checkpoint.channel_versions.messages = 2;
await putting;
const { checkpoint: read } = await saver.getTuple(config);
await saver.end();
assert.deepEqual(read.channel_values, { messages: ["as it was"] });
