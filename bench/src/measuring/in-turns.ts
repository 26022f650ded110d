import { type Cost, costOf, type Meter } from "./cost.js";
import { profiled } from "./profile.js";
import { medianRatio } from "./statistics.js";

export interface Contender {
  readonly meter: Meter;
  work(round: number): Promise<unknown>;
}

/** What a contender's rounds cost. */
export interface Series {
  readonly costs: readonly Cost[];
  /** By how much what is stored grew in a round, on average. */
  readonly storedBytes: number;
}

/**
 * Measures several contenders at the same work in one run, in turns: first each once, then each again. Whatever slows the machine for a moment slows all
 * of them; and who is first changes with each round.
 *
 * @param warmUp rounds that are not counted.
 */
export async function inTurns<Name extends string>(
  contenders: Readonly<Partial<Record<Name, Contender>>>,
  rounds: number,
  warmUp = 0,
): Promise<Partial<Record<Name, Series>>> {
  const all = (Object.entries(contenders) as [Name, Contender][]).map(([name, contender]) => ({
    name,
    contender,
    costs: [] as Cost[],
    storedBefore: 0,
  }));
  for (let round = 0; round < rounds + warmUp; round += 1) {
    if (round === warmUp) for (const each of all) each.storedBefore = await each.contender.meter.storedBytes();
    for (let place = 0; place < all.length; place += 1) {
      const { name, contender, costs } = all[(place + round) % all.length] as (typeof all)[number];
      const work = (): Promise<unknown> => contender.work(round);
      const isMeasured = round >= warmUp;
      const cost = await costOf(contender.meter, isMeasured ? () => profiled(name, work) : work);
      if (isMeasured) costs.push(cost);
    }
  }
  const series: Partial<Record<Name, Series>> = {};
  for (const { name, contender, costs, storedBefore } of all) {
    series[name] = { costs, storedBytes: ((await contender.meter.storedBytes()) - storedBefore) / rounds };
  }
  return series;
}

/** Milliseconds of each round. */
export function times(series: Series | undefined): readonly number[] {
  return (series?.costs ?? []).map(({ ms }) => ms);
}

/** How many times as long one took as another, in the median of the rounds; `NaN` when one of them did not take part. */
export function timeRatio(ours: Series | undefined, theirs: Series | undefined): number {
  return ours === undefined || theirs === undefined ? Number.NaN : medianRatio(times(ours), times(theirs));
}

/** The same of the CPU time of this process. */
export function cpuRatio(ours: Series | undefined, theirs: Series | undefined): number {
  const cpu = ({ costs }: Series): number[] => costs.map(({ clientCpuMs }) => clientCpuMs);
  return ours === undefined || theirs === undefined ? Number.NaN : medianRatio(cpu(ours), cpu(theirs));
}
