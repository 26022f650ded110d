import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type HoldfastError,
  type HoldfastErrorCode,
  isHoldfastError,
  type ResumeReport,
  resumeAbandoned,
} from "@holdfast/checkpoint-core";
import { z } from "zod";
import { ExclusiveTurns, isLeaseLost, type ServedTurn } from "./exclusive-turns.js";
import { agentGraph } from "./graph.js";
import { noteAcknowledged, openLedger, type RunEvent, RunNotes } from "./ledger.js";
import { modelSettings, openModel } from "./model.js";
import { type RunConfig, Runs } from "./runs.js";
import { isStoreName, stores } from "./store.js";
import { ThreadConflictError, Threads } from "./threads.js";

/** What a worker tells the supervisor that has started it. */
export type WorkerReport =
  | { readonly kind: "ready"; readonly port: number }
  /** A run that the sweeper had begun failed, and not because another worker has it now. */
  | { readonly kind: "failed"; readonly reason: string }
  | RunEvent;

/** What a worker answers to a request for a turn. */
export type TurnAnswer = ServedTurn;

const LARGEST_BODY = 10 * 1024 * 1024;

const TurnBody = z.object({
  turnId: z.string().min(1),
  message: z.string(),
  approvals: z.record(z.string(), z.enum(["approved", "declined"])).default({}),
  whenBusy: z.enum(["wait", "reject"]).default("wait"),
});

// A worker must not outlive its supervisor, however that one went, also while it still starts.
process.once("disconnect", () => process.exit(0));
if (process.connected === false) process.exit(0);

const { env } = process;
const url = env.DATABASE_URL;
if (url === undefined) fail("DATABASE_URL is not set. Example: DATABASE_URL=postgres://user:password@host:5432/database");
const storeName = env.STORE || "postgres";
if (!isStoreName(storeName)) fail(`STORE=${storeName} is unknown. Known: ${Object.keys(stores).join(", ")}`);

const model = await openModel(modelSettings(env));
const store = await stores[storeName].open({ url, space: env.STORE_SPACE || "holdfast" });
const ledger = env.LEDGER === undefined ? undefined : openLedger(env.LEDGER);
const saver = ledger === undefined ? store.saver : noteAcknowledged(store.saver, ledger);
const runs = new Runs(agentGraph(model, saver), ledger && new RunNotes(ledger, tell));
const threads = new Threads({ runs, model });
const lease = { ttlMs: Number(env.LEASE_MS || 30_000), owner: `worker ${process.pid}` };
const turns = new ExclusiveTurns(threads, saver, lease);

const stopped = new AbortController();
const swept = resumeAbandoned({ getState: (config) => runs.getState(config), invoke: sweep }, saver, {
  ...lease,
  signal: stopped.signal,
  pollMs: Math.ceil(lease.ttlMs / 6),
  // Whoever plays with SIGKILL kills more often than a worker crashes.
  maxTries: 1_000,
  onReport: noteSwept,
});
// Without its store a worker can do nothing: it ends, and whoever has started it starts another.
swept.catch((error: unknown) => fail(`The sweeper has ended: ${(error as Error).message}`));

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    console.error(error);
    response.destroy();
  });
});
server.listen(Number(env.PORT || 0), env.HOST || "127.0.0.1", () => {
  const { address, port } = server.address() as AddressInfo;
  if (process.send === undefined)
    console.log(`Worker ${process.pid} listens on http://${address}:${port}. Model: ${model.name}.`);
  else tell({ kind: "ready", port });
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    // Ctrl-C goes to all processes of a terminal; under a supervisor it is the supervisor who says when.
    if (process.send !== undefined && signal === "SIGINT") return;
    // Requests in flight are finished first.
    stopped.abort();
    server.close(() => void swept.then(() => store.close()).finally(() => process.exit(0)));
    server.closeIdleConnections();
  });
}

async function sweep(input: null, config: RunConfig): Promise<void> {
  await runs.invoke(input, config, "sweeper");
}

function noteSwept(report: ResumeReport): void {
  // Fenced: another worker has the thread by now.
  if (report.kind === "resumed" || report.kind === "finished" || (report.kind === "failed" && isLeaseLost(report.error))) return;
  const reason = report.kind === "failed" ? (report.error as Error).message : `${report.tries} runs have crashed`;
  console.error(`Thread ${report.threadId} stays unfinished: ${reason}`);
  tell({ kind: "failed", reason: `Thread ${report.threadId} stays unfinished: ${reason}` });
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, body } = await route(request).catch(failure);
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function route(request: IncomingMessage): Promise<Answer> {
  const { pathname } = new URL(request.url ?? "/", "http://worker");
  if (pathname === "/health") return { status: 200, body: { status: "ok" } };
  const [, thread, ofTurns, turn] = /^\/threads\/([^/]+)(\/turns(?:\/([^/]+))?)?$/.exec(pathname) ?? [];
  if (thread === undefined) return { status: 404, body: { error: `There is no ${pathname}.` } };
  const threadId = decodeURIComponent(thread);
  if (ofTurns === undefined && request.method === "GET") return { status: 200, body: await threads.view(threadId) };
  if (turn !== undefined && request.method === "GET")
    return { status: 200, body: await threads.look(threadId, decodeURIComponent(turn)) };
  if (ofTurns !== undefined && turn === undefined && request.method === "POST") {
    return { status: 200, body: await turns.take(threadId, TurnBody.parse(await readJson(request))) };
  }
  return { status: 405, body: { error: `${request.method} is not for ${pathname}.` } };
}

const STATUSES: Partial<Record<HoldfastErrorCode, number>> = {
  HOLDFAST_INVALID_THREAD_ID: 400,
  /** Another request is at the thread. */
  HOLDFAST_THREAD_BUSY: 409,
  /** This worker was too slow, and another one has the thread now, or will have it. */
  HOLDFAST_LEASE_LOST: 503,
};

function failure(error: unknown): Answer {
  if (error instanceof z.ZodError) return { status: 400, body: { error: z.prettifyError(error) } };
  if (error instanceof SyntaxError || error instanceof URIError) return { status: 400, body: { error: error.message } };
  if (error instanceof ThreadConflictError) return { status: 409, body: { error: error.message } };
  // The codes of Holdfast's errors are the same on every store.
  const status = isHoldfastError(error) ? STATUSES[error.code] : undefined;
  if (status !== undefined) return { status, body: { error: (error as Error).message, code: (error as HoldfastError).code } };
  console.error(error);
  return { status: 500, body: { error: (error as Error).message } };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_BODY) throw new SyntaxError(`The body is larger than ${LARGEST_BODY} bytes.`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}

function tell(report: WorkerReport): void {
  if (process.connected) process.send?.(report, undefined, undefined, () => {});
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
