import type { Level } from "./levels.js";
import { capabilitiesOf, includesLevel, levels } from "./levels.js";
import type { Capability } from "./target.js";

/** How one case ended. */
export interface CaseResult {
  readonly suite: string;
  readonly title: string;
  /** The rules of the contract that the case checks. */
  readonly rules: readonly string[];
  readonly level: Level | "extra";
  /** The capabilities that the case requires of the target. */
  readonly requires: readonly Capability[];
  readonly status: "passed" | "failed" | "skipped";
  /** Why it was skipped, or what is wrong. */
  readonly reason?: string;
  /** Where it failed. */
  readonly stack?: string;
  readonly milliseconds: number;
}

/** How many cases ended how. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What keeps a saver from a level, or that nothing does. */
export interface LevelResult extends Counts {
  readonly reached: boolean;
  /** Capabilities that the level needs and that no case has shown, with the reason. */
  readonly lacks: Partial<Readonly<Record<Capability, string>>>;
}

/** All that a run has found. It is plain JSON. */
export interface Report {
  readonly target: string;
  readonly date: string;
  /** The versions of Node, of this suite and of the packages that both sides are made of, as far as they can be found. */
  readonly versions: Readonly<Record<string, string>>;
  /** The highest level that is reached; `null` when not even the first is. */
  readonly level: Level | null;
  /** The counts of a level are those of its own cases, without the levels before it. */
  readonly levels: Readonly<Record<Level, LevelResult>>;
  /** The cases that count for no level. */
  readonly extras: Counts;
  readonly rules: Readonly<Record<string, Counts>>;
  readonly cases: readonly CaseResult[];
}

function count(results: readonly CaseResult[]): Counts {
  const of = (status: CaseResult["status"]): number => results.filter((result) => result.status === status).length;
  return { passed: of("passed"), failed: of("failed"), skipped: of("skipped") };
}

function assess(level: Level, results: readonly CaseResult[]): LevelResult {
  const lacks: Partial<Record<Capability, string>> = {};
  for (const capability of capabilitiesOf(level)) {
    const needing = results.filter(({ requires }) => requires.includes(capability));
    if (needing.some(({ status }) => status === "passed")) continue;
    // Where a case has failed, why another was skipped is beside the point.
    const skipped = needing.some(({ status }) => status === "failed") ? undefined : needing.find(({ reason }) => reason);
    lacks[capability] = skipped?.reason ?? "no case has shown it";
  }
  const included = results.filter((result) => result.level !== "extra" && includesLevel(level, result.level));
  const reached =
    included.every(({ status }) => status !== "failed") &&
    included.some(({ status }) => status === "passed") &&
    Object.keys(lacks).length === 0;
  return { ...count(results.filter((result) => result.level === level)), reached, lacks };
}

/** Sums up the results of all cases. */
export function reportOf(
  target: string,
  results: readonly CaseResult[],
  versions: Readonly<Record<string, string>> = { node: process.versions.node },
): Report {
  const byLevel = Object.fromEntries(levels.map((level) => [level, assess(level, results)])) as Record<Level, LevelResult>;
  const rules = [...new Set(results.flatMap((result) => result.rules))].sort();
  return {
    target,
    date: new Date().toISOString(),
    versions,
    level: levels.findLast((level) => byLevel[level].reached) ?? null,
    levels: byLevel,
    extras: count(results.filter(({ level }) => level === "extra")),
    rules: Object.fromEntries(rules.map((rule) => [rule, count(results.filter((each) => each.rules.includes(rule)))])),
    cases: results,
  };
}

/** Text that a terminal and a JSON reader show as it is: what cases put may hold control characters and lone surrogates. */
const printable = (text: string): string =>
  text.replace(/[\0-\x08\x0b-\x1f\x7f-\x9f]|\p{Surrogate}/gu, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, "0");
    return `\\u${code}`;
  });

const indent = (text: string, by: string): string => printable(text).replace(/^/gm, by);

/** One case, as a line of the report; of a failure, what is wrong below it. */
export function caseLine({ status, title, reason, milliseconds }: CaseResult): string {
  if (status === "passed") return `  ✓ ${title}${milliseconds >= 1_000 ? ` (${(milliseconds / 1_000).toFixed(1)} s)` : ""}`;
  if (status === "skipped") return `  – ${title}\n      ${reason}`;
  return `  ✗ ${title}\n${indent(reason ?? "", "      ")}`;
}

/** The end of the report: each level, and what keeps the saver from it. */
export function summary({ target, cases, extras, levels: results, level }: Report): string {
  const { passed, failed, skipped } = count(cases);
  const lines = [`${target}: ${passed} passed, ${failed} failed, ${skipped} skipped`, ""];
  for (const each of levels) {
    const result = results[each];
    const counts = `${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`;
    lines.push(`  ${result.reached ? "✓" : "✗"} ${each.padEnd(11)}${counts}`);
    // What an earlier level lacks already is said there.
    const before = results[levels[levels.indexOf(each) - 1] ?? each];
    for (const [capability, reason] of Object.entries(result.lacks)) {
      if (each !== "base" && capability in before.lacks) continue;
      lines.push(`      lacks ${reason.startsWith(`${capability}: `) ? reason : `${capability}: ${reason}`}`);
    }
  }
  lines.push(`    ${"extras".padEnd(11)}${extras.passed} passed, ${extras.failed} failed, ${extras.skipped} skipped`);
  lines.push("", `Level: ${level ?? "none"}`);
  return lines.join("\n");
}
