// C-42: pending writes come back sorted by task id, not as they arrived.
// npm install @langchain/langgraph@1.4.17 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-postgres@1.0.5
// DATABASE_URL=postgres://localhost:5432/empty node c-42-order-of-arrival.mjs   (a database of its own; it fails: that is what it shows)
import assert from "node:assert/strict";
import { emptyCheckpoint } from "@langchain/langgraph-checkpoint";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";

const saver = PostgresSaver.fromConnString(process.env.DATABASE_URL);
await saver.setup();
const place = { configurable: { thread_id: "1", checkpoint_ns: "" } };
const config = await saver.put(place, emptyCheckpoint(), { source: "loop", step: 0, parents: {} }, {});
for (const task of ["z", "a"]) await saver.putWrites(config, [["c", task]], task);
const { pendingWrites } = await saver.getTuple(config);
await saver.end();
assert.deepEqual(
  pendingWrites.map(([task]) => task),
  ["z", "a"],
);
