import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { deserialize, serialize } from "node:v8";
import type { ReferenceSaver } from "./reference-saver.js";
import { ReferenceSaverError, type Row } from "./reference-store.js";

/** What another process asks: a method of the saver, or of the store. */
interface Question {
  readonly method: string;
  readonly args: readonly unknown[];
}

/** What only savers ask that are broken on purpose. */
const storeMethods: Readonly<Record<string, (saver: ReferenceSaver, ...args: never[]) => unknown>> = {
  isSetUp: ({ store }) => store.isSetUp,
  create: ({ store }) => {
    if (store.isSetUp) throw new Error("The table exists.");
    store.isSetUp = true;
  },
  rowsOf: ({ store }, thread: string) => store.threads.get(thread)?.rows ?? new Map(),
  setRows: ({ store }, thread: string, rows: Map<string, Row>) => {
    const known = store.thread(thread).rows;
    known.clear();
    for (const [key, row] of rows) known.set(key, row);
  },
};

async function perform(saver: ReferenceSaver, { method, args }: Question): Promise<unknown> {
  const ofStore = storeMethods[method];
  if (ofStore !== undefined) return ofStore(saver, ...(args as never[]));
  const result: unknown = Reflect.apply(Reflect.get(saver, method), saver, args);
  if (method !== "list") return result;
  const all: unknown[] = [];
  for await (const tuple of result as AsyncIterable<unknown>) all.push(tuple);
  return all;
}

async function answerTo(saver: ReferenceSaver, request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    return { result: await perform(saver, deserialize(Buffer.concat(chunks)) as Question) };
  } catch (error) {
    const { message } = error as Error;
    return error instanceof ReferenceSaverError ? { message, code: error.code } : { message };
  }
}

/** Serves a store in memory to other processes, see targets/remote-reference.mjs. It keeps no process alive. */
export async function serve(saver: ReferenceSaver): Promise<string> {
  const server = createServer((request, response) => {
    void answerTo(saver, request).then((answer) => response.end(serialize(answer)));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  server.unref();
  server.on("connection", (socket) => void socket.unref());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
