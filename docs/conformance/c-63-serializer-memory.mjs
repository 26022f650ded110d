// C-63: a serializer of one's own is given whole checkpoints and metadata, not the values.
// npm install @langchain/langgraph-checkpoint@1.1.5 @langchain/core@1.2.13
// node c-63-serializer-memory.mjs   (it fails: that is what it shows)
import assert from "node:assert/strict";
import { MemorySaver, uuid6 } from "@langchain/langgraph-checkpoint";

const { serde } = new MemorySaver();
const seen = [];
const watching = {
  dumpsTyped: (value) => {
    seen.push(value);
    return serde.dumpsTyped(value);
  },
  loadsTyped: (type, bytes) => serde.loadsTyped(type, bytes),
};
const saver = new MemorySaver(watching);
const checkpoint = { v: 4, id: uuid6(0), ts: "", channel_values: { a: "value" }, channel_versions: { a: 1 }, versions_seen: {} };
await saver.put({ configurable: { thread_id: "1", checkpoint_ns: "" } }, checkpoint, { source: "loop", step: 0, parents: {} });
assert.deepEqual(seen, ["value"]);
