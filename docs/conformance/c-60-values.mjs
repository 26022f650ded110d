// C-60, C-61: values that JSON does not know are read as something else, without an error. The official savers share this serializer.
// npm install @langchain/langgraph-checkpoint@1.1.5 @langchain/core@1.2.13
// node c-60-values.mjs   (it fails: that is what it shows)
import assert from "node:assert/strict";
import { MemorySaver, uuid6 } from "@langchain/langgraph-checkpoint";

const saver = new MemorySaver();
const config = { configurable: { thread_id: "1", checkpoint_ns: "" } };
const values = {
  date: new Date(0),
  nan: Number.NaN,
  url: new URL("https://example.com"),
  bytes: { inside: Buffer.from("bytes") },
};
const checkpoint = { v: 4, id: uuid6(0), ts: "", channel_values: values, channel_versions: {}, versions_seen: {} };
await saver.put(config, checkpoint, { source: "loop", step: 0, parents: {} });
const { checkpoint: read } = await saver.getTuple(config);
assert.deepEqual(read.channel_values, values);
