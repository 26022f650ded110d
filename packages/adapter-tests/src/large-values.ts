import { spawnNode } from "@holdfast/test-servers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundleChild } from "./bundled-child.js";
import { storeEnvironment } from "./children/store-url.js";
import type { AdapterTarget, TestedSaver, TestStore } from "./target.js";

export interface LargeValueTarget extends AdapterTarget {
  /** How many requests a saver that `open` made has sent to its store. */
  roundTrips(saver: TestedSaver): number;
}

/** Registers the tests of values that are large, and of those that are too large. */
export function largeValueTests(target: LargeValueTarget): void {
  let store: TestStore;

  beforeAll(async () => {
    store = await target.openStore();
  });
  afterAll(async () => store?.drop());

  for (const [megabytes, heap] of [
    [10, 512],
    [60, 1_536],
  ] as const) {
    it(`C-65 a state of ${megabytes} MB is put and loaded in a heap of ${heap} MB`, { timeout: 180_000 }, async () => {
      const script = await bundleChild(new URL("large-state.ts", target.children));
      const child = await spawnNode(script.path, {
        args: [String(megabytes)],
        env: storeEnvironment(store.url),
        execArgv: [`--max-old-space-size=${heap}`],
      });
      expect(await child.nextMessage()).toBe("the same");
      await child.kill();
      await script.remove();
    });
  }

  it("C-65 a value above maxValueBytes is refused before any I/O, in a checkpoint and in a write", async () => {
    const saver = target.open(store.url, { maxValueBytes: 100_000 });
    const config = { configurable: { thread_id: "too large", checkpoint_ns: "" } };
    const put = (value: string): Promise<unknown> =>
      saver.put(
        config,
        { v: 4, id: "1", ts: "", channel_values: { file: value }, channel_versions: { file: 1 }, versions_seen: {} },
        { source: "loop", step: 0, parents: {} },
        { file: 1 },
      );
    const at = { configurable: { ...config.configurable, checkpoint_id: "1" } };
    const tooLarge = { code: "HOLDFAST_VALUE_TOO_LARGE", message: expect.stringContaining("file") };
    await expect(put("x".repeat(100_001))).rejects.toMatchObject(tooLarge);
    await expect(saver.putWrites(at, [["file", "x".repeat(100_001)]], "task")).rejects.toMatchObject(tooLarge);
    // The limit is in bytes.
    await expect(put("é".repeat(60_000))).rejects.toMatchObject(tooLarge);
    expect(target.roundTrips(saver)).toBe(0);
    await put("x".repeat(99_000));
    expect((await saver.getTuple(config))?.checkpoint.channel_values.file).toBe("x".repeat(99_000));
    expect(target.roundTrips(saver), "what went through is counted").toBeGreaterThan(0);
    await target.close(saver);
  });

  it("C-65 a put above maxPutBytes is refused before any I/O, and so are writes", async () => {
    const saver = target.open(store.url, { maxPutBytes: 100_000 });
    const config = { configurable: { thread_id: "too much", checkpoint_ns: "" } };
    const channels = Array.from({ length: 60 }, (_, n) => [`c${n}`, "x".repeat(2_000)] as [string, string]);
    const versions = Object.fromEntries(channels.map(([channel]) => [channel, 1]));
    const put = (count: number, metadata: object = {}): Promise<unknown> =>
      saver.put(
        config,
        {
          v: 4,
          id: "1",
          ts: "",
          channel_values: Object.fromEntries(channels.slice(0, count)),
          channel_versions: versions,
          versions_seen: {},
        },
        { source: "loop", step: 0, parents: {}, ...metadata },
        versions,
      );
    const at = { configurable: { ...config.configurable, checkpoint_id: "1" } };
    const tooMuch = { code: "HOLDFAST_VALUE_TOO_LARGE", message: expect.stringContaining("maxPutBytes is 100000") };
    await expect(put(60)).rejects.toMatchObject(tooMuch);
    await expect(put(1, { note: "x".repeat(99_000) })).rejects.toMatchObject(tooMuch);
    await expect(saver.putWrites(at, channels, "task")).rejects.toMatchObject(tooMuch);
    expect(target.roundTrips(saver)).toBe(0);
    await put(49);
    await saver.putWrites(at, channels.slice(0, 49), "task");
    expect(Object.keys((await saver.getTuple(config))?.checkpoint.channel_values ?? {})).toHaveLength(49);
    await target.close(saver);
  });
}
