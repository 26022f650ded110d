import type { UnderlyingSource } from "node:stream/web";
import { IterableReadableStream } from "@langchain/core/utils/stream";

/**
 * A stream that buffers items as they come, like LangGraph's, so that a slow reader does not delay the release of the lease. Leaving the stream ends the run,
 * even while the next item is pending.
 */
export function streamOf(items: AsyncIterable<unknown>, left: AbortController): AsyncIterable<unknown> {
  const pump = async (controller: ReadableStreamDefaultController<unknown>): Promise<void> => {
    try {
      for await (const item of items) {
        if (left.signal.aborted) return;
        controller.enqueue(item);
      }
      if (!left.signal.aborted) controller.close();
    } catch (error) {
      if (!left.signal.aborted) controller.error(error);
    }
  };
  let ended: Promise<void> | undefined;
  let close = (): void => {};
  const leave = async (): Promise<void> => {
    left.abort();
    await ended;
  };
  return new LeavableStream(
    async () => {
      await leave();
      close();
    },
    {
      start(controller: ReadableStreamDefaultController<unknown>) {
        close = () => controller.close();
        ended = pump(controller);
      },
      cancel: leave,
    },
  );
}

/** Its `cancel` works during a read, as that of LangGraph's streams. */
class LeavableStream extends IterableReadableStream<unknown> {
  readonly #leave: () => Promise<void>;

  constructor(leave: () => Promise<void>, source: UnderlyingSource) {
    super(source);
    this.#leave = leave;
  }

  override cancel(reason?: unknown): Promise<void> {
    return this.locked ? this.#leave() : super.cancel(reason);
  }
}
