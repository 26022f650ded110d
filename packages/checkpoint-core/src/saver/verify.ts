import { threadIdArgument } from "../config/ids.js";
import { DeserializationError, isHoldfastError, SchemaTooNewError, StoreFailureError, ThreadNotFoundError } from "../errors.js";
import type { ThreadPart } from "../store/thread-part.js";
import type { StoreContext } from "./context.js";
import { Findings, resolveVerifyOptions, type VerifyOptions, type VerifyReport } from "./verify-report.js";
import { ThreadCheck } from "./verify-thread.js";

/**
 * Looks at everything that is stored, of one thread or of all (contract C-29).
 *
 * @throws InvalidThreadIdError, InvalidOptionsError, ThreadNotFoundError, what the store throws when it cannot be reached, and the reason of `signal`.
 */
export async function verify(
  saver: StoreContext,
  threadId: string | undefined,
  options: VerifyOptions | undefined,
): Promise<VerifyReport> {
  const id = threadId === undefined ? undefined : threadIdArgument(threadId, "verify");
  const { signal, onProgress } = resolveVerifyOptions(options);
  await saver.store.ready("verify");
  const findings = new Findings();
  for await (const thread of id === undefined ? saver.store.allThreadIds() : [id]) {
    signal?.throwIfAborted();
    const isThere = await verifyThread(saver, thread, findings, () => {
      onProgress?.(findings.report());
      signal?.throwIfAborted();
    });
    if (isThere) findings.threads += 1;
    else if (id !== undefined) throw new ThreadNotFoundError(id);
  }
  return findings.report();
}

/** @returns `false` when there is no such thread: in a list of all, it may have gone meanwhile. */
async function verifyThread(saver: StoreContext, threadId: string, findings: Findings, afterPart: () => void): Promise<boolean> {
  const check = new ThreadCheck(saver, threadId, findings);
  let [isThere, isWhole] = [false, true];
  const onFailure = (error: unknown): void => {
    addFailure(findings, threadId, error);
    [isThere, isWhole] = [true, false];
  };
  for await (const part of partsOf(saver.store.threadParts(threadId, check.hasRead), onFailure)) {
    isThere = true;
    await check.look(part);
    afterPart();
  }
  if (isWhole) check.end();
  return isThere;
}

/** A generator of its own: what looking at a part throws is no failure of the store. */
async function* partsOf(parts: AsyncIterable<ThreadPart>, onFailure: (error: unknown) => void): AsyncGenerator<ThreadPart> {
  try {
    yield* parts;
  } catch (error) {
    onFailure(error);
  }
}

/** Throws what is not about this thread. */
function addFailure(findings: Findings, threadId: string, error: unknown): void {
  if (error instanceof SchemaTooNewError) findings.add("newer-format", threadId, {}, error.message);
  else if (error instanceof StoreFailureError) findings.add("store-failure", threadId, {}, error.message);
  else if (error instanceof DeserializationError) findings.add("damaged", threadId, error, error.message);
  else if (isHoldfastError(error) || !(error instanceof Error)) throw error;
  // A row says what no code expects. Its message may say what that is.
  else findings.add("damaged", threadId, {}, `Rows of the thread cannot be taken apart (${error.name}).`);
}
