import { openSync, writeSync } from "node:fs";
import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { isLeaseLost } from "./exclusive-turns.js";

/*
 * What really happened, written outside of the store: one file to which all workers append a line at a time. The lines stand in the order in which
 * they were written, whoever wrote them. `tally` reads it when the run is over.
 */

export type LedgerLine =
  /** A run of the graph begins; `resumer` says who goes on with one that another worker has left. */
  | { at: "run"; pid: number; run: string; thread: string; resumer?: Resumer }
  /** It has ended because its lease was lost. */
  | { at: "fenced"; pid: number; run: string }
  /** A node begins. */
  | { at: "begin"; pid: number; run: string; thread: string; node: string; task: string; step: string; call?: string }
  /** It has come to its end, also by an error or an interrupt. */
  | { at: "end"; pid: number; task: string }
  /** The store has acknowledged what the task wrote. */
  | { at: "writes"; pid: number; run: string; task: string }
  /** The store has acknowledged a checkpoint. */
  | { at: "checkpoint"; pid: number; source: string }
  /** The worker is frozen: by the supervisor's hand, since a worker does not notice. */
  | { at: "frozen"; pid: number };

/** Who goes on with a run that another worker has left. */
export type Resumer = "sweeper" | "request";

export interface Ledger {
  write(line: LedgerLine): void;
}

export function openLedger(file: string): Ledger {
  // O_APPEND: each line is written at the end as it is at that moment, whole. Synchronously: a SIGKILL later in the node cannot undo it.
  const descriptor = openSync(file, "a");
  return { write: (line) => void writeSync(descriptor, `${JSON.stringify(line)}\n`) };
}

/** Channels of writes that say how a task stopped, not what it did. A task that waits for a person begins again by design. */
const STATUS_CHANNELS: ReadonlySet<string> = new Set([
  "__error__",
  "__error_source_node__",
  "__interrupt__",
  "__resume__",
  "__scheduled__",
]);

/** How a run's id gets to the saver. With two underscores, LangGraph does not copy it into metadata. */
const RUN_KEY = "__run";

/** Notes in the ledger what the saver has acknowledged, once it has. */
export function noteAcknowledged<Saver extends BaseCheckpointSaver>(saver: Saver, ledger: Ledger): Saver {
  const { pid } = process;
  const noted: Pick<BaseCheckpointSaver, "put" | "putWrites"> = {
    async put(...args) {
      const config = await saver.put(...args);
      ledger.write({ at: "checkpoint", pid, source: args[2].source });
      return config;
    },
    async putWrites(...args) {
      await saver.putWrites(...args);
      const [{ configurable }, writes, task] = args;
      if (writes.every(([channel]) => STATUS_CHANNELS.has(channel))) return;
      ledger.write({ at: "writes", pid, run: String(configurable?.[RUN_KEY]), task });
    },
  };
  return new Proxy(saver, {
    get(target, property) {
      if (property === "put" || property === "putWrites") return noted[property];
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Nodes that call a model or a tool: what costs money, or changes the world, when it is done twice. */
const CALLING_NODES: ReadonlySet<string> = new Set(["agent", "tools", "change", "search"]);

export type RunEvent =
  | { readonly kind: "resume"; readonly thread: string }
  | { readonly kind: "fenced" }
  | { readonly kind: "begin"; readonly thread: string; readonly task: string }
  | { readonly kind: "end"; readonly task: string };

/** Notes in the ledger which run begins, which is fenced, and what its nodes do. */
export class RunNotes {
  static #runs = 0;
  readonly #ledger: Ledger;
  readonly #onEvent: (event: RunEvent) => void;

  constructor(ledger: Ledger, onEvent: (event: RunEvent) => void = () => {}) {
    this.#ledger = ledger;
    this.#onEvent = onEvent;
  }

  /** @param run gets what is to be added to the config of the run. */
  async during<Result>(
    { configurable, signal }: RunnableConfig & { readonly signal?: AbortSignal },
    resumer: Resumer | undefined,
    run: (noted: RunnableConfig) => Promise<Result>,
  ): Promise<Result> {
    const { pid } = process;
    const id = `${pid}-${++RunNotes.#runs}`;
    const thread = String(configurable?.thread_id);
    this.#ledger.write({ at: "run", pid, run: id, thread, ...(resumer === undefined ? {} : { resumer }) });
    if (resumer !== undefined) this.#onEvent({ kind: "resume", thread });
    try {
      return await run({
        callbacks: [new NodeNotes(this.#ledger, id, this.#onEvent)],
        configurable: { [RUN_KEY]: id },
      });
    } catch (error) {
      // A run that is aborted says so in its own words; why, the signal says.
      if (isLeaseLost(error) || isLeaseLost(signal?.reason)) {
        this.#ledger.write({ at: "fenced", pid, run: id });
        this.#onEvent({ kind: "fenced" });
      }
      throw error;
    }
  }
}

/** A LangChain callback handler, so that the graph stays as it would be without. */
class NodeNotes extends BaseCallbackHandler {
  override readonly name = "holdfast-ledger";
  /** The node waits until the line is written. */
  override readonly awaitHandlers = true;
  readonly #ledger: Ledger;
  readonly #run: string;
  readonly #onNode: (event: RunEvent) => void;
  readonly #tasks = new Map<string, string>();

  constructor(ledger: Ledger, run: string, onNode: (event: RunEvent) => void) {
    super();
    this.#ledger = ledger;
    this.#run = run;
    this.#onNode = onNode;
  }

  override handleChainStart(
    ...[, input, runId, , , metadata, , name]: Parameters<NonNullable<BaseCallbackHandler["handleChainStart"]>>
  ): void {
    const node = metadata?.langgraph_node;
    // A node's inner steps report themselves too; those bear other names. LangGraph's own nodes do nothing.
    if (typeof node !== "string" || name !== node || node.startsWith("__")) return;
    const namespace = String(metadata?.langgraph_checkpoint_ns);
    const thread = String(metadata?.thread_id);
    // The namespace of a task ends in "node:task".
    const task = namespace.slice(namespace.lastIndexOf(":") + 1);
    const parent = namespace.slice(0, Math.max(namespace.lastIndexOf("|"), 0));
    const call = callKey(thread, node, input);
    const line: LedgerLine = {
      at: "begin",
      pid: process.pid,
      run: this.#run,
      thread,
      node,
      task,
      step: `${thread} ${parent} ${metadata?.langgraph_step}`,
      ...(call === undefined ? {} : { call }),
    };
    this.#tasks.set(runId, task);
    this.#ledger.write(line);
    this.#onNode({ kind: "begin", thread, task });
  }

  override handleChainEnd(_output: unknown, runId: string): void {
    this.#end(runId);
  }

  override handleChainError(_error: unknown, runId: string): void {
    this.#end(runId);
  }

  #end(runId: string): void {
    const task = this.#tasks.get(runId);
    if (task === undefined) return;
    this.#tasks.delete(runId);
    this.#ledger.write({ at: "end", pid: process.pid, task });
    this.#onNode({ kind: "end", task });
  }
}

/** Names the call by its place in the conversation: the same call has the same key even under another task id. */
function callKey(thread: string, node: string, input: { messages?: unknown; position?: unknown }): string | undefined {
  if (!CALLING_NODES.has(node)) return undefined;
  const position = typeof input.position === "number" ? input.position : (input.messages as unknown[]).length;
  return `${thread} ${node} ${position}`;
}

export interface Tally {
  /** Supersteps whose checkpoint was acknowledged, those of subgraphs too. */
  readonly supersteps: number;
  /** Runs that went on with what another worker had left. */
  readonly resumes: number;
  /** Of these, those that a sweeper began, without any request. */
  readonly pickedUp: number;
  /**
   * The nodes that began although the writes of that task, or of that same call, had been acknowledged. Not those of a fenced run which had been
   * overtaken: what it still does before it notices that it has lost its lease is not stored.
   */
  readonly reexecuted: readonly string[];
  /** Of the killed workers, those that died in the middle of a node. */
  readonly killedInNode: number;
  /** Finished tasks beside which a worker died in another task of the same superstep. They must not run again. */
  readonly kept: number;
  /** How often a worker was frozen. */
  readonly frozen: number;
  /** How often one that had been frozen was fenced when it went on. */
  readonly fenced: number;
}

export function parseLedger(text: string): LedgerLine[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as LedgerLine);
}

export function tally(lines: readonly LedgerLine[], killedPids: Iterable<number> = []): Tally {
  let supersteps = 0;
  let frozen = 0;
  let fenced = 0;
  const reexecuted: string[] = [];
  const resumers: Resumer[] = [];
  const begun = new Map<string, LedgerLine & { at: "begin" }>();
  const acknowledged = new Map<string, Acknowledgement>();
  const workers = new Map<number, WorkerNotes>();
  const frozenPids = new Set<number>();
  const runStarts = new Map<string, number>();
  const fencedRuns = new Set(lines.flatMap((line) => (line.at === "fenced" ? [line.run] : [])));
  /** Somebody else did it while the run was going on: it had lost its lease by then. */
  const isOvertaken = (run: string, { run: other, place }: Acknowledgement): boolean =>
    fencedRuns.has(run) && other !== run && place > (runStarts.get(run) ?? Number.POSITIVE_INFINITY);

  for (const [place, line] of lines.entries()) {
    const worker = workers.get(line.pid) ?? { open: new Set(), acknowledged: new Set() };
    workers.set(line.pid, worker);
    switch (line.at) {
      case "run":
        runStarts.set(line.run, place);
        if (line.resumer !== undefined) resumers.push(line.resumer);
        break;
      case "fenced":
        if (frozenPids.delete(line.pid)) fenced += 1;
        break;
      case "frozen":
        frozen += 1;
        frozenPids.add(line.pid);
        break;
      case "begin": {
        const before = [acknowledged.get(line.task), line.call === undefined ? undefined : acknowledged.get(line.call)];
        if (before.some((done) => done !== undefined && !isOvertaken(line.run, done))) {
          reexecuted.push(`${line.node} in ${line.thread} (task ${line.task})`);
        }
        begun.set(line.task, line);
        worker.open.add(line.task);
        break;
      }
      case "end":
        worker.open.delete(line.task);
        break;
      case "writes":
        for (const key of [line.task, begun.get(line.task)?.call]) {
          if (key !== undefined && !acknowledged.has(key)) acknowledged.set(key, { run: line.run, place });
        }
        worker.acknowledged.add(line.task);
        break;
      case "checkpoint":
        if (line.source === "loop") supersteps += 1;
        break;
    }
  }

  const stepOf = (task: string): string | undefined => begun.get(task)?.step;
  let killedInNode = 0;
  let kept = 0;
  for (const pid of killedPids) {
    const notes = workers.get(pid) ?? { open: new Set<string>(), acknowledged: new Set<string>() };
    if (notes.open.size > 0) killedInNode += 1;
    const openSteps = new Set([...notes.open].map(stepOf));
    kept += [...notes.acknowledged].filter((task) => openSteps.has(stepOf(task))).length;
  }
  const pickedUp = resumers.filter((resumer) => resumer === "sweeper").length;
  return { supersteps, resumes: resumers.length, pickedUp, reexecuted, killedInNode, kept, frozen, fenced };
}

interface WorkerNotes {
  /** Tasks that have begun and not ended. */
  readonly open: Set<string>;
  readonly acknowledged: Set<string>;
}

/** Which run the store has acknowledged something to, and on which line that stands. */
interface Acknowledgement {
  readonly run: string;
  readonly place: number;
}
