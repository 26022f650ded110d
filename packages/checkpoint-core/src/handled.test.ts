import { once } from "node:events";
import { expect, it } from "vitest";
import { handled } from "./handled.js";

const EVENT = "unhandledRejection";

/** The rejections that nobody has handled when the event loop has gone round. */
async function unhandledAfter(work: () => void): Promise<unknown[]> {
  const listeners = process.rawListeners(EVENT) as NodeJS.UnhandledRejectionListener[];
  process.removeAllListeners(EVENT);
  const seen: unknown[] = [];
  const note = (reason: unknown): void => void seen.push(reason);
  process.on(EVENT, note);
  work();
  // Node looks for them when the queue of microtasks is empty.
  const port = new MessageChannel();
  port.port2.postMessage(0);
  await once(port.port1, "message");
  port.port1.close();
  process.off(EVENT, note);
  for (const listener of listeners) process.on(EVENT, listener);
  return seen;
}

it("C-71 what LangGraph makes of it is handled, and rejects for whoever looks later", async () => {
  const reason = new Error("refused");
  const derived: Promise<unknown>[] = [];
  const unhandled = await unhandledAfter(() => {
    derived.push(
      handled(Promise.reject(reason)).then(
        (value) => value,
        (error: unknown) => {
          throw error;
        },
      ),
    );
  });
  expect(unhandled).toEqual([]);
  await expect(derived[0]).rejects.toBe(reason);
});

it("C-71 without it, the same is an unhandled rejection", async () => {
  const reason = new Error("refused");
  expect(await unhandledAfter(() => void Promise.reject(reason).then((value) => value))).toEqual([reason]);
});

it("gives its value to whoever awaits it", async () => {
  expect(await handled(Promise.resolve(7))).toBe(7);
  expect(await handled(Promise.resolve(7)).then((seven) => seven + 1)).toBe(8);
});
