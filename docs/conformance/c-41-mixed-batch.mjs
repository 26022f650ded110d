// C-41: in a batch with an ordinary write, a second __interrupt__ or __resume__ does not replace the first; the rest may be lost.
// npm install @langchain/langgraph@1.4.17 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-postgres@1.0.5
// DATABASE_URL=postgres://localhost:5432/empty node c-41-mixed-batch.mjs   (a database of its own; it fails: that is what it shows)
import assert from "node:assert/strict";
import { emptyCheckpoint } from "@langchain/langgraph-checkpoint";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";

const saver = PostgresSaver.fromConnString(process.env.DATABASE_URL);
await saver.setup();
const place = { configurable: { thread_id: "1", checkpoint_ns: "" } };
const config = await saver.put(place, emptyCheckpoint(), { source: "loop", step: 0, parents: {} }, {});
await saver.putWrites(
  config,
  [
    ["__interrupt__", "first"],
    ["a", 1],
  ],
  "task",
);
await saver.putWrites(
  config,
  [
    ["__interrupt__", "second"],
    ["a", 2],
  ],
  "task",
);
const { pendingWrites } = await saver.getTuple(config);
await saver.end();
assert.deepEqual(Object.fromEntries(pendingWrites.map(([, channel, value]) => [channel, value])), {
  __interrupt__: "second",
  a: 1,
});
