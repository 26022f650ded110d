// C-80: replicas that start at once on an empty database fail in setup().
// npm install @langchain/langgraph@1.4.17 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-postgres@1.0.5
// DATABASE_URL=postgres://localhost:5432/empty node c-80-setup-at-once.mjs   (a database of its own; it fails: that is what it shows)
import assert from "node:assert/strict";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";

const savers = Array.from({ length: 20 }, () => PostgresSaver.fromConnString(process.env.DATABASE_URL));
const results = await Promise.allSettled(savers.map((saver) => saver.setup()));
await Promise.all(savers.map((saver) => saver.end()));
assert.deepEqual(
  results.flatMap((result) => (result.status === "rejected" ? [result.reason.message] : [])),
  [],
);
