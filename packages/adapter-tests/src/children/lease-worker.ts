import { exclusive, isHoldfastError, type ResumeReport, resumeAbandoned } from "@holdfast/checkpoint-core";
import { Command } from "@langchain/langgraph";
import { counterGraph } from "../counter-graph.js";
import type { LeasingSaver } from "../lease-target.js";
import { questionGraph } from "../question-graph.js";
import { type Step, stepGraph } from "../step-graph.js";
import type { Order, Tells, Told } from "./lease-worker-messages.js";
import { givenStoreUrl } from "./store-url.js";

const DRAIN_MS = 200;

function tell(message: Tells): void {
  process.send?.(message);
}

/** A process that runs exclusive graphs, and sweeps, when it is told to. */
export function runLeaseWorker(open: (url: string) => LeasingSaver): void {
  const saver = open(givenStoreUrl());
  const sweep = new AbortController();
  let goOn = (): void => {};
  const mayGoOn = new Promise<void>((resolve) => {
    goOn = resolve;
  });

  const stepOf =
    (name: string, holdAt: string | undefined, dieAt?: string): Step =>
    async (config) => {
      const thread = String(config.configurable?.thread_id);
      tell({ kind: "step", thread, name });
      // Whoever comes to this step of this thread dies.
      if ((thread.startsWith("poison") && name === "two") || name === dieAt) process.kill(process.pid, "SIGKILL");
      if (name !== holdAt) return;
      await mayGoOn;
      tell({ kind: "released", thread, lost: codeOf(config.signal?.reason) });
    };
  const steps = (holdAt?: string, dieAt?: string) =>
    stepGraph(saver, Object.fromEntries(["one", "two", "three"].map((name) => [name, stepOf(name, holdAt, dieAt)])));
  const questions = (holdAt?: string) => questionGraph(saver, (name, config) => stepOf(name, holdAt)(config));

  async function increment(thread: string, times: number, app: ReturnType<typeof counterGraph>): Promise<unknown> {
    const outcomes: string[] = [];
    for (let n = 0; n < times; n += 1) {
      await app.invoke({ by: 1 }, { configurable: { thread_id: thread } }).then(
        () => outcomes.push("done"),
        (error: unknown) => outcomes.push(codeOf(error) ?? String(error)),
      );
    }
    return outcomes;
  }

  async function run(order: Order): Promise<unknown> {
    if (order.kind === "sweep") {
      const graph = order.graph === "steps" ? steps(order.holdAt) : questions(order.holdAt);
      const onReport = (report: ResumeReport): void => {
        const reported = report.kind === "failed" ? { ...report, error: codeOf(report.error) ?? String(report.error) } : report;
        tell({ kind: "report", report: JSON.parse(JSON.stringify(reported)) });
      };
      return resumeAbandoned(graph, saver, { pollMs: 20, ...order.options, signal: sweep.signal, onReport });
    }
    const { thread, whenBusy, ttlMs } = order;
    const options = { whenBusy: whenBusy ?? "wait", ...(ttlMs !== undefined && { ttlMs }) } as const;
    const config = { configurable: { thread_id: thread } };
    switch (order.kind) {
      case "increment":
        return increment(thread, order.times, exclusive(counterGraph(saver), options));
      case "steps": {
        const { durability = "async", holdAt, input } = order;
        return exclusive(steps(holdAt), options).invoke({ input }, { ...config, durability });
      }
      case "message": {
        const { id, graph, holdAt, dieAt, durability = "sync" } = order;
        const app = exclusive(graph === "steps" ? steps(holdAt, dieAt) : questions(), {
          ...options,
          idempotencyKey: "message_id",
        });
        const callbacks = dieAt === "end" ? [{ handleChainEnd: dieAfterTheRun }] : [];
        return app.invoke({ input: id }, { configurable: { thread_id: thread, message_id: id }, durability, callbacks });
      }
      case "ask":
        return exclusive(questions(), options).invoke({ input: "q" }, config);
      case "answer": {
        const { interruptId, answer, hold } = order;
        const resume = interruptId === undefined ? answer : { [interruptId]: answer };
        return exclusive(questions(hold ? "first act" : undefined), options).invoke(new Command({ resume }), config);
      }
    }
  }

  // As in a rolling deploy: what goes on has a moment to end, and is handed over then.
  process.once("SIGTERM", () => void saver.end({ drainMs: DRAIN_MS }).finally(() => process.exit()));

  process.on("message", (told: Told) => {
    if (told.kind === "go on") goOn();
    else if (told.kind === "stop") sweep.abort();
    else {
      const { id, order } = told;
      run(order).then(
        (values) => tell({ kind: "done", id, values: JSON.parse(JSON.stringify(values ?? null)) }),
        (error: unknown) => tell({ kind: "failed", id, code: codeOf(error), message: String(error) }),
      );
    }
  });
  tell({ kind: "ready" });
}

/** All that the run has written is committed then, and its lease not released. */
function dieAfterTheRun(_output: unknown, _runId: string, parentRunId?: string): void {
  if (parentRunId === undefined) process.kill(process.pid, "SIGKILL");
}

function codeOf(error: unknown): string | undefined {
  return isHoldfastError(error) ? error.code : undefined;
}
