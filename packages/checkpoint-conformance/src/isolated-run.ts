import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ChildMessage, ChildOrders } from "./child.js";
import { UnusableTargetError } from "./load-target.js";
import type { CaseResult } from "./report.js";
import { describeCase, type PlacedCase, timeLimit } from "./run.js";

/** What {@link runIsolated} runs. */
export interface IsolatedRun extends Omit<ChildOrders, "from"> {
  readonly cases: readonly PlacedCase[];
  onName(name: string): void;
  onResult(result: CaseResult): void;
}

/** Beyond the time of a case and of closing its savers, after which a process that says nothing is taken to be blocked. */
const GRACE_MS = 5_000;
/** Until a target has opened what it needs: a server to start, a container to fetch. */
const SETUP_MS = 300_000;

/**
 * Runs the cases in a process of their own. A case that blocks it or ends it is a failure, and another process goes on with the next.
 *
 * @throws UnusableTargetError when the module gives no target: nothing was run.
 */
export async function runIsolated(run: IsolatedRun): Promise<void> {
  let from = 0;
  while (from < run.cases.length) {
    const { next, fault } = await runFrom(run, from);
    from = next;
    const placed = run.cases[from];
    if (fault === undefined || placed === undefined) return;
    run.onResult({ ...describeCase(placed), status: "failed", reason: fault, milliseconds: 0 });
    from += 1;
  }
}

interface Ended {
  /** The number of the case that was running, or of none when all have run. */
  readonly next: number;
  readonly fault: string | undefined;
}

function runFrom(run: IsolatedRun, from: number): Promise<Ended> {
  const { cases, onName, onResult, ...orders } = run;
  const child: ChildProcess = fork(fileURLToPath(new URL("./child.mjs", import.meta.url)), {
    // What the saver prints does not mix with the report.
    stdio: ["ignore", process.stderr, process.stderr, "ipc"],
    serialization: "advanced",
  });
  return new Promise<Ended>((resolve, reject) => {
    let next = from;
    let state: "starting" | "running" | "done" = "starting";
    let blocked: string | undefined;
    let unusable: string | undefined;
    let watch: NodeJS.Timeout | undefined;
    const expect = (milliseconds: number): void => {
      clearTimeout(watch);
      watch = setTimeout(() => {
        blocked = `the process does not answer for ${Math.round(milliseconds / 1_000)} s`;
        child.kill("SIGKILL");
      }, milliseconds);
    };
    const expectCase = (): void => {
      const placed = cases[next];
      expect(placed === undefined ? SETUP_MS : 3 * timeLimit(placed, orders.timeout) + GRACE_MS);
    };
    child.on("message", (message: ChildMessage) => {
      if (message.kind === "ready") {
        state = "running";
        onName(message.name);
        expectCase();
      } else if (message.kind === "case") {
        next += 1;
        onResult(message.result);
        expectCase();
      } else if (message.kind === "done") state = "done";
      else unusable = message.message;
    });
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      clearTimeout(watch);
      if (unusable !== undefined && next === 0) return reject(new UnusableTargetError(unusable));
      if (state === "starting") {
        return reject(new UnusableTargetError(blocked ?? `The process that loads the target ends (${signal ?? code}).`));
      }
      const ended = unusable ?? blocked ?? `the process ends (${signal ?? `exit status ${code}`})`;
      resolve({ next, fault: state === "done" || next >= cases.length ? undefined : ended });
    });
    expect(SETUP_MS);
    child.send({ ...orders, from } satisfies ChildOrders);
  });
}
