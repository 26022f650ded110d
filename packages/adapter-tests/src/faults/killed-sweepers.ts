import { setTimeout as delay } from "node:timers/promises";
import { spawnNode } from "@holdfast/test-servers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type BundledChild, bundleChild } from "../bundled-child.js";
import { storeEnvironment } from "../children/store-url.js";
import type { SweepProgress } from "../children/sweeper.js";
import { putChain } from "../retention/chains.js";
import { type Shown, shownOf } from "../retention/shown.js";
import type { KeepingSaver, RetentionTarget } from "../retention/target.js";
import { integerOf, type Random, seeded } from "../seeded.js";

const SWEEPERS = 8;
const THREADS = Array.from({ length: 12 }, (_, n) => `thread ${n}`);
/** Longer than the sweep of one thread takes. */
const LONGEST_STEP_MS = 8;

/** Registers the test of sweepers that are killed, each on a store of its own. */
export function killedSweeperTests(target: RetentionTarget): void {
  let script: BundledChild;
  beforeAll(async () => {
    script = await bundleChild(new URL("sweeper.ts", target.children));
  });
  afterAll(async () => script?.remove());

  /** Kills a sweeper at a random moment. @returns whether it had more to do. */
  async function sweepAndKill(url: string, random: Random): Promise<boolean> {
    const after = integerOf(random, 0, THREADS.length / 2);
    const sweeper = await spawnNode(script.path, { env: storeEnvironment(url) });
    await sweeper.nextMessage((message): message is SweepProgress => (message as SweepProgress).seen > after);
    await delay(random() * LONGEST_STEP_MS);
    await sweeper.kill();
    let seen = after + 1;
    for await (const told of sweeper.messages) ({ seen } = told as SweepProgress);
    return seen < THREADS.length;
  }

  const read = (saver: KeepingSaver): Promise<Shown[][]> => Promise.all(THREADS.map((thread) => shownOf(saver, thread)));
  const withoutParents = (thread: readonly Shown[]): Shown[] => thread.map((each) => ({ ...each, parent: undefined }));
  /** What `keepLast: 1` leaves of a thread: the newest, which is listed and read; its parent is gone. */
  const kept = (thread: readonly Shown[]): Shown[] => withoutParents(thread.slice(0, 2));

  async function killAndSweepAgain(random: Random): Promise<number> {
    const store = await target.openStore();
    const saver = target.open(store.url, { retention: { keepLast: 1 } });
    await Promise.all(THREADS.map((thread) => putChain(saver, thread, 5)));
    const before = await read(saver);
    const isInTheMiddle = await sweepAndKill(store.url, random);

    // With another saver: it remembers nothing.
    const reader = target.open(store.url, { retention: { keepLast: 1 } });
    const left = await read(reader);
    let swept = 0;
    for (const [n, thread] of left.entries()) {
      const whole = before[n] ?? [];
      if (thread.length === whole.length) {
        expect(thread, "not reached").toEqual(whole);
        continue;
      }
      swept += 1;
      expect(withoutParents(thread), "pruned, and not in part").toEqual(kept(whole));
    }
    if (isInTheMiddle) expect(await reader.sweep(), "the claim of the dead one").toMatchObject({ seen: 0, end: "busy" });
    await target.endSweepClaim(store.url);
    expect(await reader.sweep()).toMatchObject({ busy: [], end: "done" });
    expect((await read(reader)).map(withoutParents)).toEqual(before.map(kept));
    for (const thread of THREADS) {
      expect(await target.inspect(store.url, thread)).toMatchObject({ checkpoints: 1, orphans: [] });
    }
    await Promise.all([target.close(saver), target.close(reader)]);
    await store.drop();
    return swept;
  }

  it(
    `C-56 ${SWEEPERS} sweepers are killed at random moments: each thread is whole or pruned, and the next sweep does the rest`,
    { timeout: 180_000 },
    seeded(async (random) => {
      const swept: number[] = [];
      while (swept.length < SWEEPERS) swept.push(await killAndSweepAgain(random));
      expect(
        swept.some((count) => count > 0 && count < THREADS.length),
        "killed in the middle",
      ).toBe(true);
    }),
  );
}
