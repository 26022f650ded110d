// C-63: a serializer of one's own, for encryption say, is not given its own bytes back.
// npm install @langchain/langgraph@1.4.17 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-postgres@1.0.5
// DATABASE_URL=postgres://localhost:5432/empty node c-63-serializer.mjs   (a database of its own; it fails: that is what it shows)
import assert from "node:assert/strict";
import { MemorySaver, uuid6 } from "@langchain/langgraph-checkpoint";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import pg from "pg";

const { serde } = new MemorySaver();
const mask = (bytes) => Uint8Array.from(bytes, (byte) => byte ^ 0xa5);
const masking = {
  async dumpsTyped(value) {
    const [type, bytes] = await serde.dumpsTyped(value);
    return [`masked:${type}`, mask(bytes)];
  },
  async loadsTyped(type, bytes) {
    return serde.loadsTyped(type.replace("masked:", ""), mask(bytes));
  },
};
const saver = new PostgresSaver(new pg.Pool({ connectionString: process.env.DATABASE_URL }), masking);
await saver.setup();
const config = { configurable: { thread_id: "1", checkpoint_ns: "" } };
const checkpoint = {
  v: 4,
  id: uuid6(0),
  ts: "",
  channel_values: { a: ["secret"] },
  channel_versions: { a: 1 },
  versions_seen: {},
};
try {
  await assert.doesNotReject(async () => {
    await saver.put(config, checkpoint, { source: "loop", step: 0, parents: {} }, { a: 1 });
    await saver.getTuple(config);
  });
} finally {
  await saver.end();
}
