// C-30, C-50: a run goes on after its thread was deleted: its checkpoint is acknowledged, and lacks what the parent held.
// npm install @langchain/langgraph@1.4.17 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-postgres@1.0.5
// DATABASE_URL=postgres://localhost:5432/empty node c-30-parent-deleted-meanwhile.mjs   (a database of its own; it fails: that is what it shows)
import assert from "node:assert/strict";
import { uuid6 } from "@langchain/langgraph-checkpoint";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";

const saver = PostgresSaver.fromConnString(process.env.DATABASE_URL);
await saver.setup();
const put = async (parent, values, versions, newVersions) => {
  const checkpoint = { v: 4, id: uuid6(0), ts: "", channel_values: values, channel_versions: versions, versions_seen: {} };
  const config = { configurable: { thread_id: "1", checkpoint_ns: "", ...parent } };
  return saver.put(config, checkpoint, { source: "loop", step: 0, parents: {} }, newVersions);
};
const first = await put({}, { kept: "kept", grows: "a" }, { kept: 1, grows: 1 }, { kept: 1, grows: 1 });
await saver.deleteThread("1");
const { checkpoint_id } = first.configurable;
await put({ checkpoint_id }, { kept: "kept", grows: "ab" }, { kept: 1, grows: 2 }, { grows: 2 });
const { checkpoint } = await saver.getTuple({ configurable: { thread_id: "1" } });
await saver.end();
assert.deepEqual(checkpoint.channel_values, { kept: "kept", grows: "ab" });
