import { eventually } from "@holdfast/test-servers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { integerOf, seeded } from "../seeded.js";
import type { AdapterTarget, TestedSaver, TestStore } from "../target.js";
import { runDisturbed } from "./disturbed-runs.js";

/** A store on a server that nobody else uses, and that keeps through a crash what it acknowledged. */
export interface RestartableStore extends TestStore {
  /** SIGKILL. */
  kill(): Promise<void>;
  /** The killed server again, at the same place, with what it had. */
  start(): Promise<void>;
}

export interface ServerRestartTarget extends Pick<AdapterTarget<RestartableStore>, "openStore" | "open" | "close"> {
  /** How often a saver that `open` made found no server so far. */
  refusals(saver: TestedSaver): number;
}

const RUNS = 12;
const DOWN_MS = 5_000;

/** Registers the test of a server that crashes and comes back. */
export function serverRestartTests(target: ServerRestartTarget): void {
  let store: RestartableStore;

  beforeAll(async () => {
    store = await target.openStore();
  });
  afterAll(async () => store?.drop());

  /** SIGKILL, and back after five seconds in which every run has tried in vain. */
  async function crashAndRecover(saver: TestedSaver): Promise<void> {
    await store.kill();
    const killedAt = performance.now();
    const refusals = target.refusals(saver);
    await eventually(
      "the server has been down for five seconds, and every run has noticed",
      () => performance.now() - killedAt > DOWN_MS && target.refusals(saver) - refusals >= RUNS,
      { timeoutMs: 20_000 },
    );
    await store.start();
  }

  it(
    "C-70 runs go on through a crash of the server at a random moment, five seconds down",
    seeded(async (random) => {
      const saver = target.open(store.url);
      // Of 288 tasks.
      const moment = integerOf(random, 20, 250);
      let crash: Promise<void> | undefined;
      await runDisturbed(saver, RUNS, (tasks) => {
        if (tasks === moment) crash = crashAndRecover(saver);
      });
      expect(crash, "the crash").toBeDefined();
      await crash;
      await target.close(saver);
    }),
  );
}
