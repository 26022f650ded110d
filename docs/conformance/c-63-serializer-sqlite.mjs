// C-63: a serializer of one's own is not given its own bytes back, or is given metadata too.
// npm install @langchain/langgraph-checkpoint@1.1.5 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-sqlite@1.0.4
// node c-63-serializer-sqlite.mjs   (it fails: that is what it shows)
import assert from "node:assert/strict";
import { MemorySaver, uuid6 } from "@langchain/langgraph-checkpoint";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";
import Database from "better-sqlite3";

const { serde } = new MemorySaver();
const seen = [];
const watching = {
  dumpsTyped: (value) => {
    seen.push(value);
    return serde.dumpsTyped(value);
  },
  loadsTyped: (type, bytes) => serde.loadsTyped(type, bytes),
};
const saver = new SqliteSaver(new Database(":memory:"), watching);
const checkpoint = { v: 4, id: uuid6(0), ts: "", channel_values: { a: "value" }, channel_versions: { a: 1 }, versions_seen: {} };
await saver.put({ configurable: { thread_id: "1", checkpoint_ns: "" } }, checkpoint, { source: "loop", step: 0, parents: {} });
assert.deepEqual(seen, ["value"]);
