/** Puts a state of so many megabytes, as a checkpoint and as a write, and loads it with a saver that has seen none of it. */
import { createHash } from "node:crypto";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";

const megabytes = Number(process.argv[2]);
const url = process.env.HOLDFAST_TEST_URL ?? "";
// Text that does not compress to nothing.
const block = (n: number): string => createHash("sha512").update(`${n}`).digest("base64").repeat(12).slice(0, 1_000);
const value = Array.from({ length: megabytes * 1_000 }, (_, n) => block(n));
const config = { configurable: { thread_id: `${megabytes} MB`, checkpoint_ns: "" } };

async function main(): Promise<string> {
  const writer = PostgresSaver.fromConnString(url, { poolSize: 1 });
  const checkpoint = { v: 4, id: "1", ts: "", channel_values: { value }, channel_versions: { value: 1 }, versions_seen: {} };
  await writer.put(config, checkpoint, { source: "loop", step: 0, parents: {} }, { value: 1 });
  await writer.putWrites({ configurable: { ...config.configurable, checkpoint_id: "1" } }, [["value", value]], "task");
  await writer.end();
  const reader = PostgresSaver.fromConnString(url, { poolSize: 1 });
  const tuple = await reader.getTuple(config);
  await reader.end();
  const isSame = (read: unknown): boolean =>
    Array.isArray(read) && read.length === value.length && value.every((line, n) => read[n] === line);
  if (!isSame(tuple?.checkpoint.channel_values.value)) return "the checkpoint differs";
  return isSame(tuple?.pendingWrites?.[0]?.[2]) ? "the same" : "the write differs";
}

main().then(
  (outcome) => process.send?.(outcome),
  (error: unknown) => process.send?.(String(error)),
);
