import type { PlannedTurn } from "./play.js";

/** A number in [0, 1), the same series for the same seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * In which turns something happens to the worker, and at which of their nodes: spread over the run, decided by the seed before it begins. The plan
 * counts nodes as they begin, over all attempts of a turn; a fault that found no moment in its turn is made up for at the next node of any other turn.
 */
export class FaultPlan {
  /** By turn: the counts of nodes at which it is to happen, in order. */
  readonly #moments = new Map<string, number[]>();
  readonly #begun = new Map<string, number>();
  #overdue = 0;

  /** @param part of the run in which it is to happen, from its beginning: what is made up for needs turns to come. */
  constructor(turns: readonly PlannedTurn[], faults: number, random: () => number, part = 0.9) {
    for (let fault = 0; fault < faults; fault++) {
      // One in each `faults`-th part.
      const place = Math.floor(((fault + random()) / faults) * turns.length * part);
      const turn = turns[place];
      if (turn === undefined) continue;
      const moments = this.#moments.get(keyOf(turn)) ?? [];
      moments.push(1 + Math.floor(random() * Math.max(turn.replies, 1)));
      this.#moments.set(
        keyOf(turn),
        moments.sort((a, b) => a - b),
      );
    }
  }

  /**
   * A node of this turn has begun: whether it is to happen in this one, as planned or to make up for one that was missed. The fault then counts as done;
   * `missed` takes that back.
   */
  claim(turn: PlannedTurn): "planned" | "overdue" | undefined {
    const key = keyOf(turn);
    const begun = (this.#begun.get(key) ?? 0) + 1;
    this.#begun.set(key, begun);
    const moments = this.#moments.get(key) ?? [];
    if (moments[0] !== undefined && begun >= moments[0]) {
      moments.shift();
      return "planned";
    }
    if (this.#overdue === 0) return undefined;
    this.#overdue -= 1;
    return "overdue";
  }

  /** The node was over, or the worker dead, when it came to it: the next node of any turn will do. */
  missed(): void {
    this.#overdue += 1;
  }

  /** The turn is over; what it still owed is owed by all. */
  over(turn: PlannedTurn): void {
    this.#overdue += this.#moments.get(keyOf(turn))?.length ?? 0;
    this.#moments.delete(keyOf(turn));
  }
}

/** What the second of two requests for one turn is to find: it waits for its turn, or is refused. */
export type WhenBusy = "wait" | "reject";

/** Of which turns each request is sent twice, spread over the run: by turns, the two wait for each other, or one is refused. */
export function planDoubles(turns: readonly PlannedTurn[], doubles: number, random: () => number): Map<PlannedTurn, WhenBusy> {
  const planned = new Map<PlannedTurn, WhenBusy>();
  for (let double = 0; double < doubles; double++) {
    const turn = turns[Math.floor(((double + random()) / doubles) * turns.length)];
    if (turn !== undefined) planned.set(turn, double % 2 === 0 ? "wait" : "reject");
  }
  return planned;
}

function keyOf({ thread, id }: PlannedTurn): string {
  return `${thread} ${id}`;
}
