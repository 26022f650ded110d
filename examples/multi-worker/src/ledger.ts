import { openSync, writeSync } from "node:fs";
import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

/*
 * What really happened, written outside of the store: one file to which all workers append a line at a time. The lines stand in the order in which
 * they were written, whoever wrote them. `tally` reads it when the run is over.
 */

export type LedgerLine =
  /** A node begins. */
  | { at: "begin"; pid: number; thread: string; node: string; task: string; step: string; call?: string }
  /** It has come to its end, also by an error or an interrupt. */
  | { at: "end"; pid: number; task: string }
  /** The store has acknowledged what the task wrote. */
  | { at: "writes"; pid: number; task: string }
  /** The store has acknowledged a checkpoint. */
  | { at: "checkpoint"; pid: number; source: string }
  /** A worker goes on with a run that another one has left. */
  | { at: "resume"; pid: number; thread: string };

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
      const [, writes, task] = args;
      if (writes.some(([channel]) => !STATUS_CHANNELS.has(channel))) ledger.write({ at: "writes", pid, task });
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

export type NodeEvent =
  | { readonly kind: "begin"; readonly thread: string; readonly task: string }
  | { readonly kind: "end"; readonly task: string };

/** Notes in the ledger which node begins and ends. A LangChain callback handler, so that the graph stays as it would be without. */
export class NodeNotes extends BaseCallbackHandler {
  override readonly name = "holdfast-ledger";
  /** The node waits until the line is written. */
  override readonly awaitHandlers = true;
  readonly #ledger: Ledger;
  readonly #onNode: (event: NodeEvent) => void;
  readonly #tasks = new Map<string, string>();

  constructor(ledger: Ledger, onNode: (event: NodeEvent) => void = () => {}) {
    super();
    this.#ledger = ledger;
    this.#onNode = onNode;
  }

  override handleChainStart(
    ...[, input, runId, , , metadata, , name]: Parameters<NonNullable<BaseCallbackHandler["handleChainStart"]>>
  ): void {
    const node = metadata?.langgraph_node;
    // A node's inner steps report themselves too; those bear other names.
    if (typeof node !== "string" || name !== node) return;
    const namespace = String(metadata?.langgraph_checkpoint_ns);
    const thread = String(metadata?.thread_id);
    // The namespace of a task ends in "node:task".
    const task = namespace.slice(namespace.lastIndexOf(":") + 1);
    const parent = namespace.slice(0, Math.max(namespace.lastIndexOf("|"), 0));
    const call = callKey(thread, node, input);
    const line: LedgerLine = {
      at: "begin",
      pid: process.pid,
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
  readonly resumes: number;
  /** The nodes that began although the writes of that task, or of that same call, had been acknowledged. */
  readonly reexecuted: readonly string[];
  /** Of the killed workers, those that died in the middle of a node. */
  readonly killedInNode: number;
  /** Finished tasks beside which a worker died in another task of the same superstep. They must not run again. */
  readonly kept: number;
}

export function parseLedger(text: string): LedgerLine[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as LedgerLine);
}

export function tally(lines: Iterable<LedgerLine>, killedPids: Iterable<number> = []): Tally {
  let supersteps = 0;
  let resumes = 0;
  const reexecuted: string[] = [];
  const begun = new Map<string, LedgerLine & { at: "begin" }>();
  const acknowledgedTasks = new Set<string>();
  const acknowledgedCalls = new Set<string>();
  const workers = new Map<number, WorkerNotes>();

  for (const line of lines) {
    const worker = workers.get(line.pid) ?? { open: new Set(), acknowledged: new Set() };
    workers.set(line.pid, worker);
    switch (line.at) {
      case "begin":
        if (acknowledgedTasks.has(line.task) || (line.call !== undefined && acknowledgedCalls.has(line.call))) {
          reexecuted.push(`${line.node} in ${line.thread} (task ${line.task})`);
        }
        begun.set(line.task, line);
        worker.open.add(line.task);
        break;
      case "end":
        worker.open.delete(line.task);
        break;
      case "writes": {
        const call = begun.get(line.task)?.call;
        acknowledgedTasks.add(line.task);
        if (call !== undefined) acknowledgedCalls.add(call);
        worker.acknowledged.add(line.task);
        break;
      }
      case "checkpoint":
        if (line.source === "loop") supersteps += 1;
        break;
      case "resume":
        resumes += 1;
        break;
    }
  }

  const stepOf = (task: string): string | undefined => begun.get(task)?.step;
  let killedInNode = 0;
  let kept = 0;
  for (const pid of killedPids) {
    const { open, acknowledged } = workers.get(pid) ?? { open: new Set<string>(), acknowledged: new Set<string>() };
    if (open.size > 0) killedInNode += 1;
    const openSteps = new Set([...open].map(stepOf));
    kept += [...acknowledged].filter((task) => openSteps.has(stepOf(task))).length;
  }
  return { supersteps, resumes, reexecuted, killedInNode, kept };
}

interface WorkerNotes {
  /** Tasks that have begun and not ended. */
  readonly open: Set<string>;
  readonly acknowledged: Set<string>;
}
