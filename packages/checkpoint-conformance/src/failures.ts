import assert from "node:assert/strict";
import type { ConformanceTarget, Failure } from "./target.js";

/** What `action` rejects with. Fails when it resolves. */
export async function rejection(action: () => Promise<unknown>, what: string): Promise<Error> {
  let result: unknown;
  try {
    result = await action();
  } catch (error) {
    assert(error instanceof Error, `${what} rejects with something that is no Error: ${String(error)}`);
    return error;
  }
  return assert.fail(`${what} does not fail, it returns ${JSON.stringify(result)?.slice(0, 200)}`);
}

/** What a write gave, or `undefined` when it was refused because its thread was deleted. A saver need not know of that. */
export async function unlessDeleted<T>(target: ConformanceTarget, write: Promise<T>): Promise<T | undefined> {
  try {
    return await write;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === undefined || code !== target.errors?.threadDeleted) throw error;
    return undefined;
  }
}

/** Fails unless `action` rejects with the target's error for `failure`; that error. */
export async function assertFails(
  target: ConformanceTarget,
  failure: Failure,
  action: () => Promise<unknown>,
  what: string,
): Promise<Error> {
  const error = await rejection(action, what);
  const code = "code" in error ? error.code : undefined;
  assert.equal(code, target.errors?.[failure], `${what} fails with another error: ${error.stack ?? error.message}`);
  return error;
}
