import type { RunnableConfig } from "@langchain/core/runnables";
import { HumanMessage } from "@langchain/core/messages";
import {
  type Checkpoint,
  type CheckpointMetadata,
  DeltaSnapshot,
  ERROR,
  INTERRUPT,
  uuid6,
} from "@langchain/langgraph-checkpoint";
import type { KeepingSaver } from "../retention/target.js";
import { integerOf, type Random, seededRandom } from "../seeded.js";

/** Stands in every value, and must stand in no error. Short: a message may quote a few characters. */
export const MARKER = "m4rk3r";
export const THREADS = ["a thread", "another thread"] as const;
export const SUBGRAPH = "sub:6f1b7a0e-1111-4222-8333-444455556666";

/** A checkpoint as it was put. */
export interface PutCheckpoint {
  readonly thread: string;
  readonly namespace: string;
  readonly id: string;
  readonly parent: string | undefined;
  readonly metadata: CheckpointMetadata;
}

/** A task's writes as they were put. */
export interface PutSlot extends Pick<PutCheckpoint, "thread" | "namespace"> {
  readonly checkpointId: string;
  readonly taskId: string;
  readonly slot: number;
  readonly taskPath: string;
}

export function configOf(thread: string, namespace: string, id?: string): RunnableConfig {
  return { configurable: { thread_id: thread, checkpoint_ns: namespace, ...(id !== undefined && { checkpoint_id: id }) } };
}

/** Text that hardly shrinks. */
function textOf(random: Random, length: number): string {
  return MARKER + Array.from({ length }, () => String.fromCharCode(integerOf(random, 97, 122))).join("");
}

/** Stores two threads of every kind of row: values inline and in segments, records with keyframes, delta channels, writes of all kinds, a subgraph. */
export async function storeThreads(saver: KeepingSaver): Promise<{
  readonly checkpoints: readonly PutCheckpoint[];
  readonly slots: readonly PutSlot[];
}> {
  const random = seededRandom(1);
  const checkpoints: PutCheckpoint[] = [];
  const slots: PutSlot[] = [];
  for (const thread of THREADS) {
    const messages: HumanMessage[] = [];
    const text = textOf(random, 30_000);
    let parent: PutCheckpoint | undefined;
    for (let step = 1; step <= 4; step += 1) {
      messages.push(new HumanMessage({ content: textOf(random, 900), id: uuid6(step) }));
      const values = { messages: [...messages], text, small: `${MARKER} ${step}`, delta: new DeltaSnapshot([MARKER, step]) };
      parent = await put(saver, thread, "", parent, step, step === 2 ? values : { ...values, delta: undefined });
      checkpoints.push(parent);
      const config = configOf(thread, "", parent.id);
      const [taskId, taskPath] = [uuid6(0), "~__pregel_pull, node"];
      await saver.putWrites(
        config,
        [
          ["messages", textOf(random, 900)],
          ["delta", { written: MARKER, step }],
        ],
        taskId,
        taskPath,
      );
      slots.push({ thread, namespace: "", checkpointId: parent.id, taskId, slot: 2, taskPath });
      await saver.putWrites(config, [["small", MARKER]], uuid6(1));
      if (step === 4)
        await saver.putWrites(
          config,
          [
            [ERROR, MARKER],
            [INTERRUPT, [{ value: MARKER }]],
          ],
          uuid6(2),
          "~other",
        );
      if (step !== 2) continue;
      let inner: PutCheckpoint | undefined;
      for (const innerStep of [1, 2]) {
        inner = await put(saver, thread, SUBGRAPH, inner, innerStep, { text: textOf(random, 600) }, { "": parent.id });
        checkpoints.push(inner);
      }
    }
  }
  return { checkpoints, slots };
}

async function put(
  saver: KeepingSaver,
  thread: string,
  namespace: string,
  parent: PutCheckpoint | undefined,
  step: number,
  values: Readonly<Record<string, unknown>>,
  parents: Record<string, string> = {},
): Promise<PutCheckpoint> {
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
  const checkpoint: Checkpoint = {
    v: 4,
    id: uuid6(0),
    ts: "2026-01-01T00:00:00.000Z",
    channel_values: given,
    channel_versions: Object.fromEntries(Object.keys(given).map((channel) => [channel, channel === "text" ? 1 : step])),
    versions_seen: { node: { messages: step } },
  };
  // The first says no more than LangGraph's loop usually does.
  const more = step === 1 ? {} : { note: MARKER, counters_since_delta_snapshot: { delta: [step, step] as [number, number] } };
  const metadata = { source: "loop" as const, step, parents, ...more };
  const { text: _, ...changed } = checkpoint.channel_versions;
  await saver.put(
    configOf(thread, namespace, parent?.id),
    checkpoint,
    metadata,
    parent === undefined ? checkpoint.channel_versions : changed,
  );
  return { thread, namespace, id: checkpoint.id, parent: parent?.id, metadata };
}
