import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import { agentGraph } from "./graph.js";
import { type NodeEvent, NodeNotes, noteAcknowledged, openLedger } from "./ledger.js";
import { modelSettings, openModel } from "./model.js";
import { isStoreName, stores } from "./store.js";
import { ThreadConflictError, Threads } from "./threads.js";

/** What a worker tells the supervisor that has started it. */
export type WorkerReport = { readonly kind: "ready"; readonly port: number } | NodeEvent;

const LARGEST_BODY = 10 * 1024 * 1024;

const TurnBody = z.object({
  turnId: z.string().min(1),
  message: z.string(),
  approvals: z.record(z.string(), z.enum(["approved", "declined"])).default({}),
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
const threads = openThreads();

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
    server.close(() => void store.close().finally(() => process.exit(0)));
    server.closeIdleConnections();
  });
}

function openThreads(): Threads {
  const ledger = env.LEDGER === undefined ? undefined : openLedger(env.LEDGER);
  if (ledger === undefined) return new Threads({ graph: agentGraph(model, store.saver), model });
  return new Threads({
    graph: agentGraph(model, noteAcknowledged(store.saver, ledger)),
    model,
    callbacks: [new NodeNotes(ledger, tell)],
    onResume: (thread) => ledger.write({ at: "resume", pid: process.pid, thread }),
  });
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
  const [, thread, turns] = /^\/threads\/([^/]+)(\/turns)?$/.exec(pathname) ?? [];
  if (thread === undefined) return { status: 404, body: { error: `There is no ${pathname}.` } };
  const threadId = decodeURIComponent(thread);
  if (turns === undefined && request.method === "GET") return { status: 200, body: await threads.view(threadId) };
  if (turns !== undefined && request.method === "POST") {
    return { status: 200, body: await threads.take(threadId, TurnBody.parse(await readJson(request))) };
  }
  return { status: 405, body: { error: `${request.method} is not for ${pathname}.` } };
}

function failure(error: unknown): Answer {
  if (error instanceof z.ZodError) return { status: 400, body: { error: z.prettifyError(error) } };
  if (error instanceof SyntaxError || error instanceof URIError) return { status: 400, body: { error: error.message } };
  // The codes of Holdfast's errors are the same on every store.
  if ((error as { code?: unknown }).code === "HOLDFAST_INVALID_THREAD_ID")
    return { status: 400, body: { error: (error as Error).message } };
  if (error instanceof ThreadConflictError) return { status: 409, body: { error: error.message } };
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
