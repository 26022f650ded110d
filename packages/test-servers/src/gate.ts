import { inspect } from "node:util";

/** A point in a test that one side waits at until the other side lets it pass. */
export interface Gate {
  /** Lets everyone pass, now and later. Opening twice does nothing. */
  open(): void;
  readonly opened: Promise<void>;
  readonly isOpen: boolean;
}

/** Interleaves two sides of a test on purpose, where a sleep would only make the wanted order likely. */
export function gate(): Gate {
  let isOpen = false;
  let resolveOpened: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    resolveOpened = resolve;
  });
  return {
    open() {
      isOpen = true;
      resolveOpened();
    },
    opened,
    get isOpen() {
      return isOpen;
    },
  };
}

export interface EventuallyOptions {
  /** Milliseconds until the condition counts as never coming true. Default 10,000. */
  readonly timeoutMs?: number;
}

type Falsy = false | 0 | 0n | "" | null | undefined;

/**
 * Waits until `condition` gives something truthy, and gives that. A condition that throws counts as not yet true; the last value or error is
 * part of the failure, so that a time-out says what was seen instead of only that it took too long.
 */
export async function eventually<T>(
  message: string,
  condition: () => T | Promise<T>,
  { timeoutMs = 10_000 }: EventuallyOptions = {},
): Promise<Exclude<T, Falsy>> {
  const deadline = performance.now() + timeoutMs;
  let pauseMs = 1;
  let last: { value: unknown } | { error: unknown } | undefined;
  for (;;) {
    const remainingMs = deadline - performance.now();
    if (remainingMs <= 0) throw notInTime(message, timeoutMs, last);
    try {
      // Raced with the deadline: a condition that hangs is a failure of the test, not a test that hangs.
      const outcome = await withDeadline(condition, remainingMs);
      if (outcome === OVERDUE) throw notInTime(message, timeoutMs, last);
      if (outcome) return outcome as Exclude<T, Falsy>;
      last = { value: outcome };
    } catch (error) {
      if (error instanceof NotInTimeError) throw error;
      last = { error };
    }
    await pause(Math.min(pauseMs, Math.max(0, deadline - performance.now())));
    pauseMs = Math.min(pauseMs * 1.5, 100);
  }
}

const OVERDUE = Symbol("overdue");

class NotInTimeError extends Error {
  override readonly name = "NotInTimeError";
}

function notInTime(
  message: string,
  timeoutMs: number,
  last: { value: unknown } | { error: unknown } | undefined,
): NotInTimeError {
  if (last === undefined) return new NotInTimeError(`${message}: not within ${timeoutMs} ms; the condition never answered`);
  if ("value" in last) {
    return new NotInTimeError(`${message}: not within ${timeoutMs} ms; last value ${inspect(last.value)}`);
  }
  return new NotInTimeError(`${message}: not within ${timeoutMs} ms; last error ${String(last.error)}`, {
    cause: last.error,
  });
}

async function withDeadline<T>(condition: () => T | Promise<T>, remainingMs: number): Promise<T | typeof OVERDUE> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<typeof OVERDUE>((resolve) => {
    timer = setTimeout(() => resolve(OVERDUE), remainingMs);
  });
  try {
    return await Promise.race([condition(), overdue]);
  } finally {
    clearTimeout(timer);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
