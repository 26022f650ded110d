import { afterEach, expect, it, vi } from "vitest";
import { entryCache } from "./entry-cache.js";

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it("an entry cache keeps the entries that were used last", () => {
  const cache = entryCache<number>(2);
  cache.set("a", 1).set("b", 2);
  cache.get("a");
  cache.set("c", 3);
  expect([...cache.keys()].sort()).toEqual(["a", "c"]);
});

it("an entry cache keeps an entry for as long as it was told, however often it is used", () => {
  // lru-cache remembers the time for a millisecond, by a timer.
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  let now = performance.now();
  vi.spyOn(performance, "now").mockImplementation(() => now);
  const after = (ms: number): void => {
    now += ms;
    vi.advanceTimersByTime(ms);
  };
  const cache = entryCache<number>(2, 1_000);
  cache.set("a", 1);
  after(900);
  expect(cache.get("a")).toBe(1);
  after(200);
  expect(cache.get("a")).toBeUndefined();
});
