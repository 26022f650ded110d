import { type NodeChild, spawnNode } from "@holdfast/test-servers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type BundledChild, bundleChild } from "./bundled-child.js";
import {
  CALLS,
  DURABILITIES,
  FAULTS,
  type FailedRun,
  type FailingRun,
  type Fault,
  SHAPES,
} from "./children/failing-run-messages.js";
import { storeEnvironment } from "./children/store-url.js";
import type { LeaseTarget } from "./lease-target.js";
import type { TestStore } from "./target.js";

const BAD_THREAD_IDS = { "an empty": "", "a null": null, "a fraction as": 1.5, "an object as": {}, "a NUL in its": "a\0b" };

/** Puts that fail while a node runs and no write of the run has failed: LangGraph before 1.5 does not look at them until it is too late. */
const ALONE = [
  ["function", "first put", "sync"],
  ["function", "first put", "async"],
  ["graph", "later put", "async"],
] as const;

/** Registers the tests of runs that fail: each rejects its own call, and the process, of which a rejection that nobody handles is the end, lives. */
export function failedRunTests(target: LeaseTarget): void {
  let store: TestStore;
  let script: BundledChild;
  let child: NodeChild;
  let threads = 0;

  beforeAll(async () => {
    [store, script] = await Promise.all([target.openStore(), bundleChild(new URL("failing-runs.ts", target.children))]);
    child = await newProcess();
  });
  afterAll(async () => {
    await child?.kill();
    await Promise.all([store?.drop(), script?.remove()]);
  });

  async function newProcess(): Promise<NodeChild> {
    const started = await spawnNode(script.path, { env: storeEnvironment(store.url) });
    await started.nextMessage();
    return started;
  }

  /** What a run came to. Rejects when it has ended its process. */
  async function failed(run: FailingRun): Promise<FailedRun> {
    await child.send(run);
    try {
      return (await child.nextMessage()) as FailedRun;
    } catch (error) {
      child = await newProcess();
      throw error;
    }
  }
  const survives = (run: FailingRun): Promise<boolean> =>
    failed(run).then(
      ({ error }) => error !== "it did not fail",
      () => false,
    );
  const newThread = (): string => {
    threads += 1;
    return `failed ${threads}`;
  };

  for (const durability of DURABILITIES) {
    for (const call of CALLS) {
      it(`C-02 ${call} without a thread_id, or with a bad one, fails before its first node, ${durability}`, async () => {
        for (const shape of shapesOf(call)) {
          const run = { call, shape, durability };
          const missing = { error: "HOLDFAST_MISSING_THREAD_ID", nodes: 0 };
          expect(await failed(run), `${shape} without a thread_id`).toEqual(missing);
          expect(await failed({ ...run, thread: undefined }), `${shape} with an undefined thread_id`).toEqual(missing);
          for (const [what, thread] of Object.entries(BAD_THREAD_IDS)) {
            const invalid = { error: "HOLDFAST_INVALID_THREAD_ID", nodes: 0 };
            expect(await failed({ ...run, thread }), `${shape} with ${what} thread_id`).toEqual(invalid);
          }
        }
      });
    }

    for (const [fault, error] of Object.entries(FAULTS) as [Fault, string][]) {
      it(`C-71 a run whose first put meets ${fault} fails with its error, ${durability}`, async () => {
        for (const shape of shapesFor(fault)) {
          const outcome = await failed({ call: "invoke", shape, durability, fault, thread: newThread() });
          expect(outcome, shape).toMatchObject({ error });
          if (durability === "sync") expect(outcome.nodes, `nodes of the ${shape}`).toBe(0);
        }
      });
    }
  }

  for (const [shape, failsAt, durability] of ALONE) {
    it(`C-71 a ${failsAt} of a ${shape} that fails alone ends a process only where LangGraph lets no saver live, ${durability}`, async () => {
      const fault: Fault = "a value that is too large";
      const run = { call: "invoke", fault, failsAt, durability } as const;
      if (!(await survives({ ...run, shape, thread: newThread() }))) {
        expect(await survives({ ...run, shape, thread: newThread(), inMemory: true }), "MemorySaver").toBe(false);
      }
      expect(await survives({ ...run, shape: `exclusive ${shape}`, thread: newThread() }), "exclusive").toBe(true);
    });
  }
}

function shapesOf(call: FailingRun["call"]): readonly FailingRun["shape"][] {
  // The state of a function is not updated, nor that of a graph that has no saver.
  return call === "updateState" ? ["graph", "graph with a subgraph", "exclusive graph"] : SHAPES;
}

function shapesFor(fault: Fault): readonly FailingRun["shape"][] {
  // An exclusive run keeps others away.
  return fault.startsWith("a value") ? ["graph", "exclusive graph"] : ["graph"];
}
