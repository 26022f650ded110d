import { eventually } from "@holdfast/test-servers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { integerOf, seeded } from "../seeded.js";
import type { AdapterTarget, TestStore } from "../target.js";
import { runDisturbed } from "./disturbed-runs.js";

export interface TerminatedConnectionsTarget extends Pick<AdapterTarget, "openStore" | "open" | "close"> {
  /** Ends every connection to the server of a store, as an administrator does; how many there were. */
  endConnections(url: string): Promise<number>;
}

/** Registers the tests of connections that the server ends. The server is nobody else's. */
export function terminatedConnectionTests(target: TerminatedConnectionsTarget): void {
  let store: TestStore;

  beforeAll(async () => {
    store = await target.openStore();
  });
  afterAll(async () => store?.drop());

  it(
    "C-70 runs go on through the end of every connection, up to 20 times at random moments",
    seeded(async (random) => {
      const saver = target.open(store.url);
      /** Right after the last time nobody may be connected yet. */
      const endConnections = async (): Promise<number> => {
        let count = 0;
        await eventually("somebody is connected", async () => {
          count = await target.endConnections(store.url);
          return count > 0 || over;
        });
        return count;
      };
      // One after the other: whoever ends connections is connected, too.
      let ended: Promise<number[]> = Promise.resolve([]);
      let over = false;
      let times = 0;
      // The last of them comes before the last of 576 tasks.
      let next = integerOf(random, 1, 28);
      await runDisturbed(saver, 24, (tasks) => {
        if (tasks < next || times === 20) return;
        next = tasks + integerOf(random, 1, 28);
        times += 1;
        ended = ended.then(async (counts) => [...counts, await endConnections()]);
      });
      over = true;
      const counts = await ended;
      expect(counts.length, "times that connections were ended").toBe(20);
      // How many of them came before the end of the runs is up to the machine: on a busy one, ending connections takes as long as some runs do.
      expect(counts.filter((count) => count > 0).length, "times that there were any").toBeGreaterThan(0);
      await target.close(saver);
    }),
  );

  it("C-71 connections that end while nobody uses them, and in the hands of the one who uses them, end no process", async () => {
    const saver = target.open(store.url);
    const config = { configurable: { thread_id: "idle" } };
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(Array.from({ length: 4 }, () => saver.getTuple(config)));
      expect(await target.endConnections(store.url), "connections that were ended").toBeGreaterThan(0);
      expect(await saver.getTuple(config)).toBeUndefined();
    }
    await target.close(saver);
  });
}
