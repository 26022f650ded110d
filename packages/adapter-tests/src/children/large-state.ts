import { createHash } from "node:crypto";
import type { TestedSaver } from "../target.js";
import { givenStoreUrl } from "./store-url.js";

/** Puts a state of so many megabytes, as a checkpoint and as a write, and loads it with a saver that has seen none of it. */
export function runLargeState(open: (url: string) => TestedSaver): void {
  putAndLoad(open, Number(process.argv[2])).then(
    (outcome) => process.send?.(outcome),
    (error: unknown) => process.send?.(String(error)),
  );
}

async function putAndLoad(open: (url: string) => TestedSaver, megabytes: number): Promise<string> {
  const value = Array.from({ length: megabytes * 1_000 }, (_, n) => block(n));
  const config = { configurable: { thread_id: `${megabytes} MB`, checkpoint_ns: "" } };
  const writer = open(givenStoreUrl());
  const checkpoint = { v: 4, id: "1", ts: "", channel_values: { value }, channel_versions: { value: 1 }, versions_seen: {} };
  await writer.put(config, checkpoint, { source: "loop", step: 0, parents: {} }, { value: 1 });
  await writer.putWrites({ configurable: { ...config.configurable, checkpoint_id: "1" } }, [["value", value]], "task");
  await writer.end();
  const reader = open(givenStoreUrl());
  const tuple = await reader.getTuple(config);
  await reader.end();
  const isSame = (read: unknown): boolean =>
    Array.isArray(read) && read.length === value.length && value.every((line, n) => read[n] === line);
  if (!isSame(tuple?.checkpoint.channel_values.value)) return "the checkpoint differs";
  return isSame(tuple?.pendingWrites?.[0]?.[2]) ? "the same" : "the write differs";
}

/** Text that does not compress to nothing. */
function block(n: number): string {
  return createHash("sha512").update(`${n}`).digest("base64").repeat(12).slice(0, 1_000);
}
