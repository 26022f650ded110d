import { once } from "node:events";

const EVENT = "unhandledRejection";

/** The rejections that nobody has handled when work is done and the event loop has gone round. */
export async function unhandledAfter(work: () => Promise<void>): Promise<unknown[]> {
  const listeners = process.rawListeners(EVENT) as NodeJS.UnhandledRejectionListener[];
  process.removeAllListeners(EVENT);
  const seen: unknown[] = [];
  const note = (reason: unknown): void => void seen.push(reason);
  process.on(EVENT, note);
  await work();
  // Node looks for them when the queue of microtasks is empty.
  const port = new MessageChannel();
  port.port2.postMessage(0);
  await once(port.port1, "message");
  port.port1.close();
  process.off(EVENT, note);
  for (const listener of listeners) process.on(EVENT, listener);
  return seen;
}
