import type { CaseResult } from "@holdfast/checkpoint-conformance/runner";
import { levels } from "@holdfast/checkpoint-conformance/runner";
import type { Reproduction } from "./reproductions.js";
import type { Outcome } from "./run-system.js";

/** What the page is made of. */
export interface PageInput {
  readonly outcomes: readonly Outcome[];
  /** The text of docs/reference/contract.md. */
  readonly contract: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly reproductions: readonly Reproduction[];
  readonly date: string;
}

type Row = readonly string[];

const table = (head: Row, rows: readonly Row[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

/** The text up to where its first sentence ends, or what stands before a colon; not within a code span. */
function firstSentence(text: string): string {
  for (const { index } of text.matchAll(/[.:;]\s/g)) {
    const sentence = text.slice(0, index);
    if (sentence.split("`").length % 2 === 1) return sentence;
  }
  return text.replace(/\.$/, "");
}

/** The rules of the contract, each with how it begins. */
function rulesOf(contract: string): [string, string][] {
  return [...contract.matchAll(/^- \*\*(C-\d+)\*\* ([\s\S]*?)(?=\n\n|\n- \*\*|\n#)/gm)].map(([, rule = "", text = ""]) => {
    const sentence = firstSentence(text.replace(/\s+/g, " "));
    if (sentence.length <= 90) return [rule, sentence];
    const cut = sentence.slice(0, 90).replace(/\s\S*$/, "");
    // Half of a code span would swallow the rest of the row.
    return [rule, `${cut.split("`").length % 2 === 0 ? cut.replace(/\s*`[^`]*$/, "") : cut} …`];
  });
}

/** What a target without these parts means for the saver. */
const missingParts: Readonly<Record<string, string>> = {
  "the target has no errors": "its errors have no codes to tell them apart by",
  "the target has no roundTrips": "its requests are not counted",
  "the target has no lifecycle": "it has no setup",
  "the target has no interrupt": "it has no connections that could be cut",
};

const casesOf = (outcome: Outcome, rule: string): readonly CaseResult[] =>
  "report" in outcome ? outcome.report.cases.filter(({ rules }) => rules.includes(rule)) : [];

const anchor = (outcome: Outcome): string => `#${outcome.system.column.toLowerCase().replaceAll(" ", "-")}`;

function cell(outcome: Outcome, rule: string): string {
  if ("notRun" in outcome) return "not run";
  const cases = casesOf(outcome, rule);
  const ran = cases.filter(({ status }) => status !== "skipped");
  const failed = cases.filter(({ status }) => status === "failed");
  if (failed.length > 0) return `[✗ ${failed.length} of ${ran.length}](${anchor(outcome)})`;
  if (ran.length === 0) return "–";
  return ran.length === cases.length ? "✓" : `✓ ${ran.length} of ${cases.length}`;
}

const reached = (outcome: Outcome): string => {
  if ("notRun" in outcome) return "not run";
  return outcome.report.level === null ? "none" : `**${outcome.report.level}**`;
};

/** Passed of those that ran, level by level. */
export function summaryTable(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map((outcome): Row => {
    const { system, version } = outcome;
    const name = `${system.column}, \`${system.packageName}\` ${version}`;
    if ("notRun" in outcome) return [name, "not run", ...levels.map(() => "")];
    const counts = levels.map((level) => {
      const { passed, failed } = outcome.report.levels[level];
      return passed + failed === 0 ? "–" : `${passed} of ${passed + failed}`;
    });
    return [name, reached(outcome), ...counts];
  });
  return table(["saver", "level", ...levels], rows);
}

/** Reasons why cases were skipped, each with the rules that it concerns. */
function byDesign(outcome: Outcome): string {
  if ("notRun" in outcome) return `- Not run: ${outcome.notRun}`;
  const reasons = new Map<string, Set<string>>();
  for (const { status, reason = "", rules } of outcome.report.cases) {
    if (status !== "skipped") continue;
    const known = reasons.get(reason) ?? new Set();
    for (const rule of rules) known.add(rule);
    reasons.set(reason, known);
  }
  return [...reasons]
    .map(([reason, rules]) => `- ${[...rules].sort().join(", ")}: ${missingParts[reason] ?? reason.replace(/^\w+: /, "")}`)
    .join("\n");
}

function redCells(outcome: Outcome, rules: readonly string[], reproductions: readonly Reproduction[]): string {
  const lines: string[] = [];
  for (const rule of rules) {
    const failed = casesOf(outcome, rule).filter(({ status }) => status === "failed");
    if (failed.length === 0) continue;
    lines.push(`\n**${rule}**`);
    const found = reproductions.filter((each) => each.rules.includes(rule) && each.systems.includes(outcome.system.id));
    for (const { file, what } of found) lines.push(`- [${file}](conformance/${file}): ${what}`);
    const titles = failed.map(({ title }) => title.replace(/^(?:C-\d+ )+/, ""));
    lines.push(`- ${titles.slice(0, 6).join("; ")}${titles.length > 6 ? `; and ${titles.length - 6} more` : ""}`);
  }
  return lines.join("\n");
}

/** The red cells of other savers that no program shows. */
export function redCellsWithoutProgram({ outcomes, contract, reproductions }: PageInput): string[] {
  return outcomes
    .filter(({ system }) => !system.isOurs)
    .flatMap((outcome) =>
      rulesOf(contract)
        .map(([rule]) => rule)
        .filter((rule) => casesOf(outcome, rule).some(({ status }) => status === "failed"))
        .filter((rule) => !reproductions.some((each) => each.rules.includes(rule) && each.systems.includes(outcome.system.id)))
        .map((rule) => `${rule} of ${outcome.system.column}`),
    );
}

/** docs/conformance.md. */
export function page({ outcomes, contract, versions, reproductions, date }: PageInput): string {
  const rules = rulesOf(contract);
  const isInSuite = (rule: string): boolean => outcomes.some((outcome) => casesOf(outcome, rule).length > 0);
  const rows = rules
    .filter(([rule]) => isInSuite(rule))
    .map(([rule, text]): Row => [rule, text, ...outcomes.map((outcome) => cell(outcome, rule))]);
  const others = outcomes.filter(({ system }) => !system.isOurs);
  const servers = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `# Which saver keeps which rule

Written by \`npx --yes pnpm@10.34.8 matrix\` on ${date}, with ${servers.join(", ")}: the suite of
[\`@holdfast/checkpoint-conformance\`](../packages/checkpoint-conformance/README.md) on every saver, by its command, on real servers.

The rules are those of [our contract](reference/contract.md). Other savers have promised some of them and not others: a red cell says that a program that relies
on the rule goes wrong there, not that its authors broke their word. What they do not set out to do is –, with the reason below.

${summaryTable(outcomes)}

A level counts its own cases, without those before it; [what the levels are](../packages/checkpoint-conformance/README.md#levels). A saver has a level when all
cases up to it pass and none of the capabilities that it needs is lacking.

## By rule

✓: all cases pass; ✓ n of m: all that it can run. ✗ n of m: n of the m cases that it can run fail. –: it can run none, by design.

${table(["rule", "", ...outcomes.map(({ system }) => system.column)], rows)}

Not in this table, since they need faults of servers or what only our savers have; each is tested in \`packages/adapter-tests\` and the adapters:
${rules
  .filter(([rule]) => !isInSuite(rule))
  .map(([rule]) => rule)
  .join(", ")}.

## The red cells, and why a cell is –

Where a program is linked, it shows the failure by itself: install what its first lines say, and run it. Tests of this repository run them, and the matrix
runs them too, so that a link goes when the failure does. The other cases run by \`npx @holdfast/checkpoint-conformance <target> --only "<title>"\`, with the targets of
\`packages/conformance-matrix/src/targets\`.

${others
  .map((outcome) => {
    const red = redCells(
      outcome,
      rules.map(([rule]) => rule),
      reproductions,
    );
    return [`### ${outcome.system.column}`, ...(red === "" ? [] : [red.trim()]), "**–**", byDesign(outcome)].join("\n\n");
  })
  .join("\n\n")}
`;
}
