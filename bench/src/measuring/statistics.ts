/** The value in the middle; `NaN` of no values. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which that share of the values is, e.g. 0.99; `NaN` of no values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** `NaN` of no values. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The median of the ratios of what was measured in the same round: what slowed a round slowed both. */
export function medianRatio(ours: readonly number[], theirs: readonly number[]): number {
  return median(ours.slice(0, theirs.length).map((value, round) => value / (theirs[round] as number)));
}

export interface Line {
  readonly slope: number;
  readonly intercept: number;
}

/** The line of least squares through points; needs two different x. */
export function fitLine(points: readonly (readonly [x: number, y: number])[]): Line {
  const [x, y] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const [covariance, variance] = points.reduce(
    ([xy, xx], point) => [xy + (point[0] - x) * (point[1] - y), xx + (point[0] - x) ** 2],
    [0, 0],
  );
  const slope = covariance / variance;
  return { slope, intercept: y - slope * x };
}

/** With which power of x something grows: 1 is linear, 2 with the square. All values must be greater than 0. */
export function fitPower(points: readonly (readonly [x: number, y: number])[]): number {
  return fitLine(points.map(([x, y]) => [Math.log(x), Math.log(y)])).slope;
}
