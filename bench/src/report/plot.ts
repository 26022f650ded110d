export interface PlotSeries {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Lines over one axis. */
export interface Plot {
  /** Of the file: `turn-time` becomes `turn-time.svg`. */
  readonly name: string;
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly PlotSeries[];
}
