import type { ChangedLabels } from "@holdfast/checkpoint-core/adapter";
import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import threadText from "../lua/thread.lua";
import { script } from "../script.js";
import { statusOf } from "./read-checkpoints.js";
import setLabelsText from "./set-labels.lua";

const setLabelsScript = script(threadText, setLabelsText);

/** Changes labels of a thread; `null` takes one away. */
export async function setLabels(redis: Connection, keys: Keys, threadId: string, labels: ChangedLabels): Promise<boolean> {
  const fields = Object.entries(labels).map(([name, value]) => [`label:${name}`, value] as const);
  const set = fields.filter(([, value]) => value !== null) as [string, string][];
  const gone = fields.filter(([, value]) => value === null).map(([field]) => field);
  const args = [set.length, ...set.flat(), ...gone];
  const reply = await redis.runDurably("setLabels", setLabelsScript, keys.thread(threadId), args);
  return statusOf(reply, "setLabels") === "set";
}
