import type { Cost } from "../measuring/cost.js";
import { type Series, timeRatio, times } from "../measuring/in-turns.js";
import { mean, median, quantile } from "../measuring/statistics.js";
import type { ContenderName } from "../servers/lineup.js";
import { count, kb, ms, NONE, ratio, type Table } from "./table.js";

/** What was measured of everyone who took part in one piece of work. */
export type Measured = Partial<Record<ContenderName, Series>>;

export interface MeasuredWork {
  /** E.g. "a turn". */
  readonly what: string;
  readonly kind: "write" | "read";
  readonly measured: Measured;
}

const LABELS: Readonly<Record<MeasuredWork["kind"], Readonly<Record<ContenderName, string>>>> = {
  write: {
    postgres: "Holdfast Postgres",
    official: "official Postgres",
    postgresFloor: "one `INSERT`",
    redis: "Holdfast Redis",
    redisFloor: "one `SET`",
    memory: "`MemorySaver`",
  },
  read: {
    postgres: "Holdfast Postgres",
    official: "official Postgres",
    postgresFloor: "one `SELECT`",
    redis: "Holdfast Redis",
    redisFloor: "one `GET`",
    memory: "`MemorySaver`",
  },
};

const FLOORS: Readonly<Partial<Record<ContenderName, ContenderName>>> = {
  postgres: "postgresFloor",
  official: "postgresFloor",
  redis: "redisFloor",
};

/** Time, CPU, bytes and statements of everyone, beside the official saver and beside the floor. */
export function costTable(title: string, note: string, works: readonly MeasuredWork[]): Table {
  const names = Object.keys(LABELS.write) as ContenderName[];
  return {
    title,
    note,
    columns: [
      "",
      "by",
      "p50",
      "p99",
      "/ official",
      "/ floor",
      "client CPU",
      "server CPU",
      "sent",
      "received",
      "WAL",
      "stored",
      "statements",
    ],
    rows: works.flatMap(({ what, kind, measured }) =>
      names.flatMap((name) => {
        const series = measured[name];
        return series === undefined ? [] : [[what, LABELS[kind][name], ...cells(name, series, measured, kind)]];
      }),
    ),
  };
}

function cells(name: ContenderName, series: Series, measured: Measured, kind: MeasuredWork["kind"]): string[] {
  const floor = FLOORS[name];
  const average = (part: keyof Cost): number => mean(series.costs.map((cost) => cost[part]));
  const hasServer = name !== "memory";
  const onPostgres = name === "postgres" || name === "official" || name === "postgresFloor";
  return [
    ms(median(times(series))),
    ms(quantile(times(series), 0.99)),
    name === "official" ? NONE : ratio(timeRatio(series, measured.official)),
    floor === undefined ? NONE : ratio(timeRatio(series, measured[floor])),
    ms(average("clientCpuMs")),
    hasServer ? ms(average("serverCpuMs")) : NONE,
    hasServer ? kb(average("bytesSent")) : NONE,
    hasServer ? kb(average("bytesReceived")) : NONE,
    onPostgres && kind === "write" ? kb(average("walBytes")) : NONE,
    hasServer && kind === "write" ? kb(series.storedBytes) : NONE,
    hasServer ? count(average("statements")) : NONE,
  ];
}
