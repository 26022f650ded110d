import type { Plot } from "./plot.js";

const WIDTH = 720;
const HEIGHT = 400;
const LEFT = 76;
const RIGHT = 24;
const TOP = 92;
const BOTTOM = 56;
const LEGEND_COLUMNS = 4;
const LEGEND_WIDTH = 155;

interface Style {
  readonly colour: string;
  /** Lines can be told apart without their colour. */
  readonly dash?: string;
}

/** Whoever it is looks the same in all plots. Colours that colour-blind readers can tell apart (Okabe and Ito), legible on white and on black. */
const STYLES: Readonly<Record<string, Style>> = {
  "Holdfast Postgres": { colour: "#0072b2" },
  "Holdfast Redis": { colour: "#009e73" },
  "official Postgres": { colour: "#d55e00" },
  MemorySaver: { colour: "#cc79a7", dash: "6 4" },
  "one INSERT each": { colour: "#56a0d3", dash: "2 4" },
  "one SET each": { colour: "#5fbf9f", dash: "2 4" },
};
const OTHER: Style = { colour: "#999999" };

/** A plot as a picture of its own, with a background: a page may be light or dark. Its colours follow what the reader prefers. */
export function svg({ title, xLabel, yLabel, series }: Plot): string {
  const points = series.flatMap((each) => each.points);
  // Between 1 and 2 processes there is nothing.
  const isWhole = points.every(([x]) => Number.isInteger(x));
  const xTicks = ticks(Math.max(...points.map(([x]) => x)), 8).filter((tick) => !isWhole || Number.isInteger(tick));
  const yTicks = ticks(Math.max(...points.map(([, y]) => y)), 6);
  const [xMost, yMost] = [xTicks.at(-1) as number, yTicks.at(-1) as number];
  const x = (value: number): number => round(LEFT + (value / xMost) * (WIDTH - LEFT - RIGHT));
  const y = (value: number): number => round(HEIGHT - BOTTOM - (value / yMost) * (HEIGHT - TOP - BOTTOM));
  const [right, bottom] = [WIDTH - RIGHT, HEIGHT - BOTTOM];
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">`,
    "<style>",
    "text { font: 12px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #444c56 }",
    ".title { font-size: 16px; font-weight: 600; fill: #1f2328 }",
    ".paper { fill: #ffffff; stroke: #d1d9e0 } .grid { stroke: #e4e8ec } .axis { stroke: #818b98 }",
    "@media (prefers-color-scheme: dark) {",
    "text { fill: #b1bac4 } .title { fill: #f0f6fc }",
    ".paper { fill: #0d1117; stroke: #3d444d } .grid { stroke: #262c36 } .axis { stroke: #656c76 }",
    "}",
    "</style>",
    `<rect class="paper" x="0.5" y="0.5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="6"/>`,
    `<text class="title" x="${LEFT}" y="30">${escaped(title)}</text>`,
  ];
  for (const [n, { name }] of series.entries()) {
    const [across, down] = [LEFT + (n % LEGEND_COLUMNS) * LEGEND_WIDTH, 52 + Math.floor(n / LEGEND_COLUMNS) * 18];
    lines.push(
      `<line x1="${across}" y1="${down}" x2="${across + 22}" y2="${down}" ${stroke(name)}/>`,
      `<text x="${across + 28}" y="${down + 4}">${escaped(name)}</text>`,
    );
  }
  for (const tick of yTicks) {
    lines.push(
      `<line class="grid" x1="${LEFT}" y1="${y(tick)}" x2="${right}" y2="${y(tick)}"/>`,
      `<text x="${LEFT - 8}" y="${y(tick) + 4}" text-anchor="end">${tick.toLocaleString("en")}</text>`,
    );
  }
  for (const tick of xTicks) {
    lines.push(
      `<line class="axis" x1="${x(tick)}" y1="${bottom}" x2="${x(tick)}" y2="${bottom + 5}"/>`,
      `<text x="${x(tick)}" y="${bottom + 19}" text-anchor="middle">${tick.toLocaleString("en")}</text>`,
    );
  }
  lines.push(
    `<path class="axis" fill="none" d="M${LEFT} ${TOP}V${bottom}H${right}"/>`,
    `<text x="${(LEFT + right) / 2}" y="${HEIGHT - 14}" text-anchor="middle">${escaped(xLabel)}</text>`,
    `<text transform="translate(18 ${(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(yLabel)}</text>`,
  );
  for (const { name, points } of series) {
    const path = points.map(([px, py]) => `${x(px)},${y(py)}`).join(" ");
    lines.push(`<polyline fill="none" stroke-linejoin="round" ${stroke(name)} points="${path}"/>`);
    // A few points are measurements to be seen; many are a line.
    if (points.length <= 6) {
      for (const [px, py] of points) lines.push(`<circle cx="${x(px)}" cy="${y(py)}" r="3" fill="${styleOf(name).colour}"/>`);
    }
  }
  return `${[...lines, "</svg>"].join("\n")}\n`;
}

/** Round numbers from 0 to the first that is not below `most`, about so many. */
export function ticks(most: number, about: number): number[] {
  if (!(most > 0)) return [0, 1];
  const rough = most / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999_999) as number) * power;
  const intervals = Math.ceil((most / step) * 0.999_999);
  // Not by adding up: 0.1 + 0.2 would be a label.
  return Array.from({ length: intervals + 1 }, (_, n) => Number((n * step).toPrecision(12)));
}

function stroke(name: string): string {
  const { colour, dash } = styleOf(name);
  return `stroke="${colour}" stroke-width="2"${dash === undefined ? "" : ` stroke-dasharray="${dash}"`}`;
}

function styleOf(name: string): Style {
  return STYLES[name] ?? OTHER;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
