/** Milliseconds that something took, one number for each time it was done. */
export type Times = readonly number[];

export function median(times: Times): number {
  return quantile(times, 0.5);
}

/** The value below which that share of the times is, e.g. 0.99. */
export function quantile(times: Times, share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/**
 * Times several contenders at the same work in one run, in turns: first each once, then each again. Whatever slows the machine for a moment slows all
 * of them; and who is first changes with each round.
 *
 * @param warmUp rounds that are not counted.
 */
export async function inTurns<Name extends string>(
  contenders: Readonly<Record<Name, (round: number) => Promise<unknown>>>,
  rounds: number,
  warmUp = 0,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(contenders) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>;
  for (let round = 0; round < rounds + warmUp; round += 1) {
    for (let place = 0; place < names.length; place += 1) {
      const name = names[(place + round) % names.length] as Name;
      const took = await timed(() => contenders[name](round));
      if (round >= warmUp) times[name].push(took);
    }
  }
  return times;
}

/** The median of the ratios of what was timed in the same round: what slowed a round slowed both. */
export function medianRatio(ours: Times, theirs: Times): number {
  return median(ours.map((time, round) => time / (theirs[round] as number)));
}
