import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ExclusiveTurns, isThreadBusy } from "../src/exclusive-turns.js";
import type { WhenBusy } from "../src/fault-plan.js";
import { agentGraph } from "../src/graph.js";
import type { Model } from "../src/model.js";
import { recordedModel } from "../src/recorded-model.js";
import { Runs } from "../src/runs.js";
import { samples } from "../src/samples.js";
import { type OpenStore, type RunningStore, type StoreName, stores } from "../src/store.js";
import { threadIdOf } from "../src/thread-ids.js";
import { Threads } from "../src/threads.js";

describe.each(Object.keys(stores) as StoreName[])("on %s", (name) => {
  let running: RunningStore;
  const opened: OpenStore[] = [];
  let recorded: Model;
  let called: string[];

  beforeAll(async () => {
    running = await stores[name].start();
    recorded = await recordedModel(undefined, 20);
  });
  afterAll(async () => {
    await Promise.all(opened.map((store) => store.close()));
    await running?.stop();
  });

  async function worker() {
    const store = await stores[name].open(running.location);
    opened.push(store);
    const model: Model = {
      ...recorded,
      callTool(thread, call, position) {
        called.push(call.name);
        return recorded.callTool(thread, call, position);
      },
    };
    const threads = new Threads({ runs: new Runs(agentGraph(model, store.saver)), model });
    return { threads, turns: new ExclusiveTurns(threads, store.saver, { ttlMs: 5_000, owner: `worker ${opened.length}` }) };
  }

  /** Two workers get the same request at the same time. */
  async function twice(thread: string, whenBusy: WhenBusy) {
    const workers = await Promise.all([worker(), worker()]);
    called = [];
    const request = { turnId: "turn-1", message: "I have to cancel my reservation K4M9TT.", whenBusy };
    const asked = await Promise.allSettled(workers.map(({ turns }) => turns.take(thread, request)));
    return { asked, threads: workers[0].threads };
  }

  test("a request that comes twice is a turn once: the second waits, and gets the same answer", async () => {
    const thread = threadIdOf(1);
    const { asked, threads } = await twice(thread, "wait");
    const answers = asked.map((settled) => (settled.status === "fulfilled" ? settled.value : settled.reason));
    expect(answers.map(({ reply }) => reply)).toEqual(Array(2).fill({ status: "done", answer: samples[1]?.[4]?.content }));
    expect(answers.filter(({ queued }) => queued)).toHaveLength(1);
    expect(called).toEqual(["get_reservation"]);
    expect((await threads.view(thread)).turns).toEqual(["turn-1"]);
  });

  test("a request that comes twice is a turn once: the second is refused", async () => {
    const thread = threadIdOf(1 + samples.length);
    const { asked, threads } = await twice(thread, "reject");
    const refused = asked.flatMap((settled) => (settled.status === "rejected" ? [settled.reason] : []));
    expect(refused.map(isThreadBusy)).toEqual([true]);
    expect(called).toEqual(["get_reservation"]);
    expect((await threads.view(thread)).turns).toEqual(["turn-1"]);
  });
});
