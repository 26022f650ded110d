/** So long may work keep the event loop to itself, in milliseconds, before it lets others go on. What cannot be divided comes on top. */
const LONGEST_TURN_MS = 15;

/** When the first work of this turn of the event loop began: there may be that of many puts. */
let began: number | undefined;

function isTurnLong(): boolean {
  const now = performance.now();
  if (began === undefined) {
    began = now;
    setImmediate(() => {
      began = undefined;
    });
  }
  return now - began >= LONGEST_TURN_MS;
}

/**
 * Lets the event loop go on where this turn has lasted long. Called between parts of work that grows with what is put or read; in a short chat it never
 * waits, and costs 0.1 us.
 */
export function breathe(): Promise<void> | undefined {
  return isTurnLong() ? nextTurn() : undefined;
}

/** Of those who wait for it, each has a turn of its own, if it needs one. */
async function nextTurn(): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve));
  while (isTurnLong());
}
