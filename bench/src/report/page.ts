import type { Results } from "./results.js";
import { svg } from "./svg.js";
import { markdown, row } from "./table.js";
import { type Figures, targetRows } from "./targets.js";

/** So many busy CPUs before a scenario mean that something else was running, and that times are not to be believed. */
const BUSY = 0.3;

/** The page of what runs found, and its pictures: file name → text. */
export function performancePage({ machine, versions, outcomes }: Results): {
  readonly page: string;
  readonly pictures: Readonly<Record<string, string>>;
} {
  const all = Object.entries(outcomes);
  const found = all.flatMap(([name, outcome]) => ("findings" in outcome ? [{ name, outcome, ...outcome.findings }] : []));
  const plots = found.flatMap(({ plots = [] }) => plots);
  const figures: Figures = Object.assign({}, ...found.map(({ figures = {} }) => figures));
  const dates = [...new Set(all.map(([, { date }]) => date.slice(0, 10)))].join(", ");
  const busy = all.filter(([, { busyBefore = 0 }]) => busyBefore > BUSY);
  const quick = all.filter(([, outcome]) => outcome.quick).map(([name]) => name);
  const loads = busy.map(([, { busyBefore = 0 }]) => busyBefore);
  const minutes = all.reduce((sum, [, { seconds }]) => sum + seconds, 0) / 60;

  const lines = [
    "# Performance",
    "",
    `Written by \`npx --yes pnpm@10.34.8 bench\`, from [results.json](performance/results.json): ${dates}; ${machine}; ${Object.entries(
      versions,
    )
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}. ${minutes.toFixed(0)} minutes in all.`,
    "Times are from this machine; ratios compare contenders that took turns in one run. How it is measured, and what is not: [bench/README.md](../bench/README.md).",
    "",
  ];
  if (busy.length > 0) {
    lines.push(
      `**Other work ran beside ${busy.length === all.length ? "this run" : busy.map(([name]) => name).join(", ")}** (${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)} CPUs were busy when they began): times are longer than they need be, and ratios less sure.`,
      "",
    );
  }
  if (quick.length > 0) {
    lines.push(
      `**Fewer rounds and smaller sizes** (\`--quick\`): ${quick.length === all.length ? "everything" : quick.join(", ")}.`,
      "",
    );
  }
  lines.push("## Targets", "", row(["what", "target", "measured", ""]), row(["---", "--:", "--:", "---"]));
  lines.push(...targetRows(figures).map(row), "");
  for (const { name, title } of plots) lines.push(`![${title}](performance/${name}.svg)`, "");
  for (const [name, outcome] of all) {
    if ("failure" in outcome) {
      lines.push(`## ${name}`, "", "It failed in this run:", "", "```text", outcome.failure, "```", "");
    } else if (outcome.findings.tables.length > 0) {
      lines.push(`## ${name}`, "", `\`npx --yes pnpm@10.34.8 bench --only ${name}\`, ${outcome.seconds.toFixed(0)} s`, "");
      lines.push(...outcome.findings.tables.map(markdown));
    }
  }
  return {
    page: `${lines.join("\n").trimEnd()}\n`,
    pictures: Object.fromEntries(plots.map((plot) => [`${plot.name}.svg`, svg(plot)])),
  };
}
