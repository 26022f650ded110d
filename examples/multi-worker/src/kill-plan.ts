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
 * Which turns lose their worker, and at which of their nodes: spread over the run, decided by the seed before it begins. The plan counts nodes as
 * they begin, over all attempts of a turn; a kill that found no moment in its turn is made up for at the next node of any other turn.
 */
export class KillPlan {
  /** By turn: the counts of nodes at which a worker is to die, in order. */
  readonly #moments = new Map<string, number[]>();
  readonly #begun = new Map<string, number>();
  #overdue = 0;

  constructor(turns: readonly PlannedTurn[], kills: number, random: () => number) {
    for (let kill = 0; kill < kills; kill++) {
      // One of each `kills`-th part of the run, and none in its last tenth: what is made up for needs turns to come.
      const place = Math.floor(((kill + random()) / kills) * turns.length * 0.9);
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

  /** A node of this turn has begun. `true`: its worker is to die in it. The kill then counts as done; `missed` takes that back. */
  claim(turn: PlannedTurn): boolean {
    const key = keyOf(turn);
    const begun = (this.#begun.get(key) ?? 0) + 1;
    this.#begun.set(key, begun);
    const moments = this.#moments.get(key) ?? [];
    if (moments[0] !== undefined && begun >= moments[0]) {
      moments.shift();
      return true;
    }
    if (this.#overdue === 0) return false;
    this.#overdue -= 1;
    return true;
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

function keyOf({ thread, id }: PlannedTurn): string {
  return `${thread} ${id}`;
}
