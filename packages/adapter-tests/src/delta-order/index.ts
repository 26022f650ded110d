import { isDeepStrictEqual } from "node:util";
import { ReferenceSaver } from "@holdfast/checkpoint-conformance";
import { importThreads } from "@holdfast/checkpoint-core";
import type { RunnableConfig } from "@langchain/core/runnables";
import { Command, type StateSnapshot } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import * as checkpoint from "@langchain/langgraph-checkpoint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allOf } from "../migration/all-of.js";
import { at } from "../plain-checkpoints.js";
import { integerOf, type Random, seededRandom } from "../seeded.js";
import type { AdapterTarget, TestedSaver, TestStore } from "../target.js";
import { plainValue } from "../written-values.js";
import { mirrored } from "./mirrored.js";
import { type GraphOptions, parallelGraph } from "./parallel-graph.js";

const DURABILITIES = ["sync", "async", "exit"] as const;
type Durability = (typeof DURABILITIES)[number];
/** How a thread gets into the store under test. */
const WAYS = ["runs here", "is imported", "is migrated on demand"] as const;

const THREADS = Number(process.env.HOLDFAST_DELTA_THREADS ?? 2);
const FIRST_SEED = Number(process.env.HOLDFAST_TEST_SEED ?? 1);

/**
 * LangGraph before 1.5 replays writes that it did not apply: those of an interrupted superstep that a new input or a fork leaves behind, with MemorySaver, too. So
 * there, whatever asks is answered, nothing asks with durability "exit", and MemorySaver is the judge.
 */
const REBUILDS_AS_IT_RAN = "compareWritesSortKeys" in checkpoint;

type Input = Parameters<ReturnType<typeof parallelGraph>["invoke"]>[0];
interface Savers {
  readonly run: BaseCheckpointSaver;
  readonly read: BaseCheckpointSaver;
}

const inStore = (snapshot: StateSnapshot): unknown => plainValue([snapshot.values, snapshot.next]);

/** Registers the tests of delta channels whose parallel tasks depend on the order of their writes. */
export function deltaOrderTests(target: AdapterTarget): void {
  let store: TestStore;
  const opened: TestedSaver[] = [];
  const open = (fallback?: BaseCheckpointSaver): TestedSaver => {
    const saver = target.open(store.url, fallback === undefined ? {} : { fallback });
    opened.push(saver);
    return saver;
  };

  beforeAll(async () => {
    store = await target.openStore();
  });
  afterAll(async () => {
    await Promise.all(opened.map((saver) => target.close(saver)));
    await store?.drop();
  });

  /** Runs the graph, and reads its state elsewhere: what ran is what is read. */
  async function invoke(savers: Savers, options: GraphOptions, input: Input, config: RunnableConfig, durability: Durability) {
    const live: unknown = await parallelGraph(savers.run, options).invoke(input, { ...config, durability });
    const state = await parallelGraph(savers.read, options).getState(at(String(config.configurable?.thread_id)));
    if (state.next.length === 0 && REBUILDS_AS_IT_RAN)
      expect(plainValue(state.values), "what is read is what ran").toEqual(plainValue(live));
    return state;
  }

  async function program(seed: number, durability: Durability, way: (typeof WAYS)[number], random: Random): Promise<void> {
    const id = `${way}, ${durability}, ${seed}`;
    const options = { seed, asks: REBUILDS_AS_IT_RAN || durability !== "exit" };
    const memory = new ReferenceSaver();
    const moveAt = way === "runs here" ? 0 : integerOf(random, 2, 9);
    const here = (): BaseCheckpointSaver => open(way === "is migrated on demand" ? memory : undefined);
    // What is written here is written to the mirror, too, so that both hold the same checkpoints. An old store is not written to any more.
    const mirror = new ReferenceSaver();
    let savers: Savers = { run: memory, read: memory };
    let asked: string[] = [];
    for (let step = 0; step < 12; step += 1) {
      if (step === moveAt) {
        if (way === "is imported") await importThreads(memory, open(), { threads: [id] });
        mirror.storage = structuredClone(memory.storage);
        mirror.writes = structuredClone(memory.writes);
        savers = { run: mirrored(here(), mirror), read: here() };
      }
      let config: RunnableConfig = at(id);
      let input: Input = { turn: step };
      if (asked.length > 0 && (random() < 0.85 || !REBUILDS_AS_IT_RAN)) {
        const answered = asked.filter((_, n) => n === 0 || random() < 0.7);
        input = new Command({ resume: Object.fromEntries(answered.map((interruptId) => [interruptId, `yes ${step}`])) });
      } else if (step > 4 && durability !== "exit" && random() < 0.2) {
        const history = await allOf(parallelGraph(savers.read, options).getStateHistory(at(id)));
        const states = REBUILDS_AS_IT_RAN ? history : history.filter(({ next }) => next.length === 0);
        config = states[integerOf(random, 0, states.length - 1)]?.config ?? config;
      }
      const state = await invoke(savers, options, input, config, durability);
      asked = state.tasks.flatMap(({ interrupts }) => interrupts.map(({ id: interruptId }) => interruptId as string));
    }
    const [there, read] = await Promise.all(
      [mirror, here()].map(async (saver) => (await allOf(parallelGraph(saver, options).getStateHistory(at(id)))).map(inStore)),
    );
    if (!isDeepStrictEqual(read, there)) expect(read, "the history is that of MemorySaver").toEqual(there);
  }

  describe("C-44 parallel tasks that write one delta channel", () => {
    for (const durability of DURABILITIES) {
      for (const way of WAYS) {
        it(`a thread that ${way} reads as it ran, with durability "${durability}"`, { timeout: 20_000 * THREADS }, async () => {
          for (let seed = FIRST_SEED; seed < FIRST_SEED + THREADS; seed += 1) {
            await program(seed, durability, way, seededRandom(seed)).catch((error: unknown) => {
              if (error instanceof Error) error.message += ` (HOLDFAST_TEST_SEED=${seed})`;
              throw error;
            });
          }
        });
      }
    }
  });
}
