import type { ThreadPlace } from "@holdfast/checkpoint-core/adapter";
import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import threadText from "../lua/thread.lua";
import { script } from "../script.js";
import beginMigrationText from "./migration.begin.lua";
import endMigrationText from "./migration.end.lua";
import threadPlaceText from "./migration.place.lua";
import { statusOf } from "./read-checkpoints.js";

const beginMigrationScript = script(threadText, beginMigrationText);
const endMigrationScript = script(threadText, endMigrationText);
const threadPlaceScript = script(threadText, threadPlaceText);

/** How much of a thread is here. */
export async function threadPlace(redis: Connection, keys: Keys, threadId: string): Promise<ThreadPlace> {
  const reply = await redis.run("getTuple", threadPlaceScript, keys.thread(threadId), []);
  return statusOf(reply, "getTuple") as ThreadPlace;
}

export async function beginMigration(redis: Connection, keys: Keys, threadId: string, token: string): Promise<boolean> {
  const reply = await redis.runDurably("put", beginMigrationScript, keys.thread(threadId), [token]);
  return statusOf(reply, "put") === "begun";
}

export async function endMigration(redis: Connection, keys: Keys, threadId: string, token: string): Promise<boolean> {
  const reply = await redis.runDurably("put", endMigrationScript, keys.thread(threadId), [token]);
  return statusOf(reply, "put") === "ended";
}
