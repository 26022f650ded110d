/** Lets concurrent programs go on one at a time, in an order that the test has chosen. */
export class Turns {
  readonly #order: readonly string[];
  readonly #waiting = new Map<string, () => void>();
  #position = 0;
  #active: string | undefined;

  constructor(order: readonly string[]) {
    this.#order = order;
  }

  /** Waits for a turn of `who`. It lasts until {@link finish}. */
  async take(who: string): Promise<void> {
    const turn = new Promise<void>((resolve) => this.#waiting.set(who, resolve));
    this.#next();
    await turn;
  }

  /** Ends the turn of `who`, if it is having one. */
  finish(who: string): void {
    if (this.#active !== who) return;
    this.#active = undefined;
    this.#position += 1;
    this.#next();
  }

  #next(): void {
    const who = this.#order[this.#position];
    const go = who === undefined ? undefined : this.#waiting.get(who);
    if (this.#active !== undefined || who === undefined || go === undefined) return;
    this.#active = who;
    this.#waiting.delete(who);
    go();
  }
}

/** Every order in which two programs of `steps` steps each can alternate. */
export function interleavings(a: string, b: string, steps: number): string[][] {
  const all: string[][] = [];
  const extend = (order: string[], left: number, right: number): void => {
    if (left === 0 && right === 0) all.push(order);
    if (left > 0) extend([...order, a], left - 1, right);
    if (right > 0) extend([...order, b], left, right - 1);
  };
  extend([], steps, steps);
  return all;
}
