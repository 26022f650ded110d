/** Numbers from 0 up to, not including, 1. */
export type Random = () => number;

/** A test on random numbers. It says the seed when it fails; HOLDFAST_TEST_SEED makes it run on that one again. */
export function seeded(run: (random: Random) => Promise<void>): () => Promise<void> {
  return async () => {
    const seed = Number(process.env.HOLDFAST_TEST_SEED ?? Math.floor(Math.random() * 2 ** 32));
    try {
      await run(seededRandom(seed));
    } catch (error) {
      if (error instanceof Error) error.message += ` (HOLDFAST_TEST_SEED=${seed})`;
      throw error;
    }
  };
}

/** An integer from `least` to `most`. */
export function integerOf(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}

/** mulberry32: the same numbers for the same seed, in every process. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
