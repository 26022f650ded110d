import { setImmediate as nextTurn } from "node:timers/promises";

/** For how long some work kept the event loop from going on, at the longest, in milliseconds. */
export async function longestBlock(work: () => Promise<unknown>): Promise<number> {
  await nextTurn();
  let isOver = false;
  let longest = 0;
  let last = performance.now();
  const look = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isOver) setImmediate(look);
  };
  setImmediate(look);
  await work();
  isOver = true;
  await nextTurn();
  return longest;
}
