import type { Plot } from "./plot.js";

const WIDTH = 720;
const HEIGHT = 400;
const LEFT = 76;
const RIGHT = 24;
const TOP = 84;
const BOTTOM = 56;

/** Told apart by colour-blind readers too (Okabe and Ito), and legible on white and on black. */
const COLOURS = ["#d55e00", "#999999", "#0072b2", "#009e73", "#cc79a7", "#e69f00"];
/** Lines can be told apart without their colour. */
const DASHES = ["", "6 4", "", "", "2 4", "8 3 2 3"];

/** A plot as a picture of its own, with a background: a page may be light or dark. Its colours follow what the reader prefers. */
export function svg({ title, xLabel, yLabel, series }: Plot): string {
  const points = series.flatMap((each) => each.points);
  const xTicks = ticks(Math.max(...points.map(([x]) => x)), 8);
  const yTicks = ticks(Math.max(...points.map(([, y]) => y)), 6);
  const [xMost, yMost] = [xTicks.at(-1) as number, yTicks.at(-1) as number];
  const x = (value: number): number => round(LEFT + (value / xMost) * (WIDTH - LEFT - RIGHT));
  const y = (value: number): number => round(HEIGHT - BOTTOM - (value / yMost) * (HEIGHT - TOP - BOTTOM));
  const [right, bottom] = [WIDTH - RIGHT, HEIGHT - BOTTOM];
  let legendAt = LEFT;
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
    lines.push(
      `<line x1="${legendAt}" y1="54" x2="${legendAt + 22}" y2="54" ${stroke(n)}/>`,
      `<text x="${legendAt + 28}" y="58">${escaped(name)}</text>`,
    );
    legendAt += 28 + Math.ceil(name.length * 6.6) + 18;
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
  for (const [n, { points }] of series.entries()) {
    const path = points.map(([px, py]) => `${x(px)},${y(py)}`).join(" ");
    lines.push(`<polyline fill="none" stroke-linejoin="round" ${stroke(n)} points="${path}"/>`);
    // A few points are measurements to be seen; many are a line.
    if (points.length <= 6) {
      for (const [px, py] of points) lines.push(`<circle cx="${x(px)}" cy="${y(py)}" r="3" fill="${colour(n)}"/>`);
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

function stroke(n: number): string {
  const dash = DASHES[n % DASHES.length];
  return `stroke="${colour(n)}" stroke-width="2"${dash === "" ? "" : ` stroke-dasharray="${dash}"`}`;
}

function colour(n: number): string {
  return COLOURS[n % COLOURS.length] as string;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
