import type { Cost } from "../measuring/cost.js";
import { inTurns, type Series, timeRatio, times } from "../measuring/in-turns.js";
import { fitLine, fitPower, mean, median } from "../measuring/statistics.js";
import { costTable, type Measured } from "../report/cost-table.js";
import type { Plot } from "../report/plot.js";
import { kb, ms, ratio, type Table } from "../report/table.js";
import type { Scenario } from "../scenario.js";
import { type ContenderName, contendersOf, openLineup } from "../servers/lineup.js";
import { growingChat } from "../workloads/conversations.js";
import { contentBytes, messagesOfTurn, startChat } from "../workloads/play.js";

/** So many turns before a mark are looked at: one alone may have met a checkpoint of the server. */
const WINDOW = 20;
/** The official saver grows with the square of the turns, and `MemorySaver` keeps each state: beyond, they would take most of the run. */
const LAST_OF_OTHERS = 400;

/** What the turns between two points of the chat cost. */
interface Window {
  /** The number of the last of its turns. */
  readonly turn: number;
  readonly measured: Measured;
}

/** A chat that grows: what a turn costs by its number, ours beside the official saver and MemorySaver. */
export const chat: Scenario = async (run) => {
  const marks = run.quick ? [60, 100, 200] : [100, 200, 400, 800];
  const content = growingChat(1_000, "prose").map((turn) => contentBytes(messagesOfTurn(turn)));
  const contenders = await contendersOf(await openLineup(run), {
    saver: (saver) => startChat(saver, "chat").turn,
    floor: (floor) => (round) => floor.write(Buffer.alloc(content[round] ?? 0, "x")),
  });
  const { postgres, redis } = contenders;
  const ours = { ...(postgres === undefined ? {} : { postgres }), ...(redis === undefined ? {} : { redis }) };
  const windows: Window[] = [];
  for (let turn = WINDOW; turn <= (marks.at(-1) ?? 0); turn += WINDOW) {
    const measured = await inTurns<ContenderName>(turn > LAST_OF_OTHERS ? ours : contenders, WINDOW);
    windows.push({ turn, measured });
    if (!marks.includes(turn)) continue;
    const told = (["postgres", "redis", "official", "memory"] as const).map(
      (name) => `${name} ${ms(median(times(measured[name])))}`,
    );
    run.progress(`turn ${turn}: ${told.join(", ")}`);
  }

  const at = (turn: number): Measured => windows.find((window) => window.turn === turn)?.measured ?? {};
  const stores = [
    { name: "postgres", label: "Postgres" },
    { name: "redis", label: "Redis" },
  ] as const;
  const storedAfter = (name: ContenderName, turns: number): number =>
    sum(windows.filter(({ turn }) => turn <= turns).map(({ measured }) => (measured[name]?.storedBytes ?? Number.NaN) * WINDOW));
  const contentAfter = (turns: number): number => sum(content.slice(0, turns));
  const growth = stores.filter(({ name }) => ours[name] !== undefined);
  const average = (series: Series | undefined, part: keyof Cost): number => mean((series?.costs ?? []).map((cost) => cost[part]));

  const growthTable: Table = {
    title: "How the cost of a turn grows",
    note: `The same chat, with a row for each ${WINDOW} turns up to a mark. *stored* is what those turns added; *x content* compares everything stored so far with the text of all turns so far.`,
    columns: ["store", "turn", "p50", "/ official", "/ `MemorySaver`", "client CPU", "server CPU", "sent", "stored", "x content"],
    rows: growth.flatMap(({ name, label }) =>
      marks.map((turn) => {
        const series = at(turn)[name];
        return [
          label,
          turn,
          ms(median(times(series))),
          ratio(timeRatio(series, at(turn).official)),
          ratio(timeRatio(series, at(turn).memory)),
          ms(average(series, "clientCpuMs")),
          ms(average(series, "serverCpuMs")),
          kb(average(series, "bytesSent")),
          kb(series?.storedBytes ?? Number.NaN),
          ratio(storedAfter(name, turn) / contentAfter(turn)),
        ];
      }),
    ),
  };
  const others = (["official", "memory"] as const).filter((name) => contenders[name] !== undefined);
  const power = (name: ContenderName): number => {
    const measured = windows.filter((window) => window.turn >= 100 && window.measured[name] !== undefined);
    return fitPower(measured.map(({ turn }) => [turn, storedAfter(name, turn)]));
  };
  const slope = (name: ContenderName, of: (series: Series) => number): number =>
    fitLine(
      windows.flatMap(({ turn, measured }) => {
        const series = measured[name];
        return series === undefined ? [] : [[turn - WINDOW / 2, of(series)] as const];
      }),
    ).slope * 100;
  const slopes: Table = {
    title: "Fitted slopes",
    note: "Least-squares lines through the cost of a turn by its number: how much more it costs after 100 more turns. *stored grows with* is the exponent of the number of turns, from turn 100 on: 1 is linear, 2 is quadratic.",
    columns: ["by", "time", "client CPU", "sent", "stored", "stored grows with"],
    rows: [...growth.map(({ name }) => name), ...others].map((name) => [
      { postgres: "Holdfast Postgres", redis: "Holdfast Redis", official: "official Postgres", memory: "`MemorySaver`" }[name],
      ms(slope(name, (series) => median(times(series)))),
      ms(slope(name, (series) => average(series, "clientCpuMs"))),
      name === "memory" ? "–" : kb(slope(name, (series) => average(series, "bytesSent"))),
      name === "memory" ? "–" : kb(slope(name, ({ storedBytes }) => storedBytes)),
      name === "memory" ? "–" : `turns^${power(name).toFixed(2)}`,
    ]),
  };
  const plot = (
    name: string,
    title: string,
    yLabel: string,
    all: readonly ContenderName[],
    of: (series: Series) => number,
  ): Plot => ({
    name,
    title,
    xLabel: "turn",
    yLabel,
    series: all
      .filter((contender) => contenders[contender] !== undefined)
      .map((contender) => ({
        name: SERIES_NAMES[contender],
        points: windows.flatMap(({ turn, measured }) => {
          const series = measured[contender];
          return series === undefined ? [] : [[turn, of(series)] as const];
        }),
      })),
  });
  const last = marks.filter((mark) => mark <= LAST_OF_OTHERS).at(-1) ?? WINDOW;
  return {
    tables: [
      costTable(
        `A chat that grows: turn ${last}`,
        `A turn of 300 + 1,000 + 200 characters through a real graph, durable on Postgres (\`fsync\` on); Redis keeps it in memory. Figures of the last ${WINDOW} turns. The floor writes only the turn's text, once.`,
        [{ what: "a turn", kind: "write", measured: at(last) }],
      ),
      growthTable,
      slopes,
    ],
    plots: [
      plot("turn-time", "Time of a turn, by its number", "milliseconds", ["official", "memory", "postgres", "redis"], (series) =>
        median(times(series)),
      ),
      plot(
        "turn-bytes",
        "Bytes that a turn stores, by its number",
        "kilobytes",
        ["official", "postgres", "redis"],
        (series) => series.storedBytes / 1_000,
      ),
    ],
    figures: {
      "turn after 200, Postgres / official": timeRatio(at(200).postgres, at(200).official),
      "turn after 400, Postgres / official": timeRatio(at(400).postgres, at(400).official),
      "turn after 400, Postgres / memory": timeRatio(at(400).postgres, at(400).memory),
      "turn after 400, Redis / memory": timeRatio(at(400).redis, at(400).memory),
      "stored / content, chat, Postgres": run.quick ? Number.NaN : storedAfter("postgres", 400) / contentAfter(400),
      "stored / content, chat, Redis": run.quick ? Number.NaN : storedAfter("redis", 400) / contentAfter(400),
      "stored, power of turns, Postgres": run.quick ? Number.NaN : power("postgres"),
      "stored, power of turns, Redis": run.quick ? Number.NaN : power("redis"),
    },
  };
};

const SERIES_NAMES: Readonly<Record<ContenderName, string>> = {
  postgres: "Holdfast Postgres",
  redis: "Holdfast Redis",
  official: "official Postgres",
  memory: "MemorySaver",
  postgresFloor: "one INSERT",
  redisFloor: "one SET",
};

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
