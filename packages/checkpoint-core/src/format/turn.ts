/** So long may work keep the event loop to itself, in milliseconds, before it lets others go on. What cannot be divided comes on top. */
const LONGEST_TURN_MS = 15;
/** Between two looks at the clock: up to 3 ms, of text that is compressed. A look takes 0.1 us, and the first of a turn one more round of the event loop. */
const UNSEEN_BYTES = 64 * 1024;
/** What a part costs besides its bytes. Of values of some bytes each, 100 take 0.2 ms. */
const PART_BYTES = 512;

/** Of the work of all puts and reads. */
let unseenBytes = 0;
/** When the first of them in this turn of the event loop looked at the clock. */
let began: number | undefined;

function isTurnLong(bytes: number): boolean {
  unseenBytes += bytes + PART_BYTES;
  if (unseenBytes < UNSEEN_BYTES) return false;
  unseenBytes = 0;
  const now = performance.now();
  if (began === undefined) {
    began = now;
    setImmediate(() => {
      began = undefined;
    });
  }
  return now - began >= LONGEST_TURN_MS;
}

/** Of those who wait for it, each has a turn of its own, if it needs one. */
async function nextTurn(): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve));
  while (isTurnLong(UNSEEN_BYTES));
}

/** Lets the event loop go on where this turn has lasted long. Called between parts of work, of about so many bytes; a short chat never waits. */
export function breathe(bytes: number): Promise<void> | undefined {
  return isTurnLong(bytes) ? nextTurn() : undefined;
}

/** Work in parts, which says after each how many bytes it went through, about. */
export type Work<T> = Generator<number, T>;

/** Does the work, and lets the event loop go on where this turn has lasted long: else it is done at once, without a promise. */
export function inTurns<Arguments extends unknown[], T>(
  work: (...args: Arguments) => Work<T>,
): (...args: Arguments) => T | Promise<T> {
  return (...args) => goOn(work(...args));
}

function goOn<T>(work: Work<T>): T | Promise<T> {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    if (isTurnLong(value)) return nextTurn().then(() => goOn(work));
  }
}

/** `Promise.all`, without a promise where all are there: what is put in a short chat is serialized and compressed at once. */
export function all<T>(items: readonly (T | Promise<T>)[]): T[] | Promise<T[]> {
  return items.some((item) => item instanceof Promise) ? Promise.all(items) : (items as T[]);
}
