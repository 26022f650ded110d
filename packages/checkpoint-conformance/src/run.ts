import { type ConformanceCase, type ConformanceSuite, HangingCaseError, leftOut, rulesOf, runCase, whyNot } from "./case.js";
import { refuseUnknown } from "./known-keys.js";
import { levelOf } from "./levels.js";
import { type CaseResult, type Report, reportOf } from "./report.js";
import { allSuites } from "./suites.js";
import { type ConformanceTarget, checkTarget } from "./target.js";

/** How long a case may take that does not say so itself. */
export const DEFAULT_TIMEOUT_MS = 60_000;

/** A case and the suite that it is in. */
export interface PlacedCase {
  readonly suite: ConformanceSuite;
  readonly conformanceCase: ConformanceCase;
}

/** The cases of these suites, one after the other; with `only`, those whose suite or title contains it. */
export function casesOf(suites: readonly ConformanceSuite[] = allSuites, only = ""): readonly PlacedCase[] {
  const all = suites.flatMap((suite) => suite.cases.map((conformanceCase) => ({ suite, conformanceCase })));
  return all.filter(({ suite, conformanceCase }) => `${suite.name} ${conformanceCase.title}`.includes(only));
}

/** How many cases of these suites run, how many the target skips, and how many more the installed LangGraph leaves out. */
export function caseCount(
  target: ConformanceTarget,
  suites: readonly ConformanceSuite[] = allSuites,
): { readonly run: number; readonly skipped: number; readonly leftOut: number } {
  const all = casesOf(suites);
  const kept = all.filter(({ conformanceCase }) => whyNot(target, conformanceCase) !== undefined);
  const older = kept.filter(({ conformanceCase }) => whyNot(target, conformanceCase) === leftOut(conformanceCase)).length;
  return { run: all.length - kept.length, skipped: kept.length - older, leftOut: older };
}

/** What is thrown beside the case: rejections that nobody handles, errors of events that nobody listens to. */
class StrayErrors {
  readonly #caught: unknown[] = [];
  readonly #catch = (error: unknown): void => void this.#caught.push(error);

  constructor() {
    process.on("unhandledRejection", this.#catch);
    process.on("uncaughtException", this.#catch);
  }

  /** What was thrown since the last call. Waits for a turn of the event loop, as a rejection is unhandled only then. */
  async take(): Promise<readonly unknown[]> {
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    return this.#caught.splice(0);
  }

  stop(): void {
    process.off("unhandledRejection", this.#catch);
    process.off("uncaughtException", this.#catch);
  }
}

/** What an error says, and what it says that it comes from: of random programs, that is what went wrong. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return `thrown: ${String(error)}`;
  const own = `${error.name === "Error" ? "" : `${error.name}: `}${error.message}`;
  return error.cause instanceof Error ? `${own}\ncaused by ${messageOf(error.cause)}` : own;
}

/** What a result says of its case before it is run. */
export function describeCase({ suite, conformanceCase }: PlacedCase) {
  const { title, options } = conformanceCase;
  return {
    suite: suite.name,
    title,
    rules: rulesOf(title),
    level: levelOf(suite, conformanceCase),
    requires: options.requires ?? [],
  };
}

/** The time that a case may take: its own, unless more is given to every case. */
export const timeLimit = ({ conformanceCase }: PlacedCase, timeout = DEFAULT_TIMEOUT_MS): number =>
  Math.max(timeout, conformanceCase.options.timeout ?? 0);

async function runOne(
  target: ConformanceTarget,
  placed: PlacedCase,
  timeout: number | undefined,
  stray: StrayErrors,
): Promise<CaseResult> {
  const described = describeCase(placed);
  const reason = whyNot(target, placed.conformanceCase);
  if (reason !== undefined) return { ...described, status: "skipped", reason, milliseconds: 0 };
  const start = performance.now();
  const errors: unknown[] = [];
  try {
    await runCase(target, placed.conformanceCase, { timeout: timeLimit(placed, timeout) });
  } catch (error) {
    errors.push(error);
  }
  for (const error of await stray.take()) errors.push(new Error(`nobody handles an error: ${messageOf(error)}`));
  const milliseconds = Math.round(performance.now() - start);
  if (errors.length === 0) return { ...described, status: "passed", milliseconds };
  const [first] = errors;
  const stack = first instanceof Error && !(first instanceof HangingCaseError) ? first.stack : undefined;
  return {
    ...described,
    status: "failed",
    // A fault that shows often is told once.
    reason: [...new Set(errors.map(messageOf))].join("\n"),
    ...(stack === undefined ? {} : { stack }),
    milliseconds,
  };
}

/** Runs cases one after the other. Neither a failure, a case that hangs nor an error that nobody handles keeps the next from running. */
export async function* runCases(
  target: ConformanceTarget,
  cases: readonly PlacedCase[],
  timeout?: number,
): AsyncGenerator<CaseResult, void, undefined> {
  const stray = new StrayErrors();
  try {
    for (const placed of cases) yield await runOne(target, placed, timeout, stray);
  } finally {
    stray.stop();
  }
}

/** What {@link runConformance} runs, and how. */
export interface RunOptions {
  /** Default: all. */
  readonly suites?: readonly ConformanceSuite[];
  /** Milliseconds that each case may take, unless it says itself that it needs more. Default 60,000. */
  readonly timeout?: number;
  /** Called as each case ends. */
  onResult?(result: CaseResult): void;
}

/** Runs the cases in this process, without a test framework. Calls the target's `dispose` at the end. */
export async function runConformance(target: ConformanceTarget, options: RunOptions = {}): Promise<Report> {
  refuseUnknown("runConformance", options, ["suites", "timeout", "onResult"]);
  checkTarget(target);
  const results: CaseResult[] = [];
  try {
    for await (const result of runCases(target, casesOf(options.suites), options.timeout)) {
      results.push(result);
      options.onResult?.(result);
    }
  } finally {
    await target.dispose?.();
  }
  return reportOf(target.name, results);
}
