import type { Supervisor } from "./supervisor.js";
import type { ThreadView, TurnReply, TurnRequest } from "./threads.js";

const GONE_WITHIN_MS = 10_000;

/**
 * What stands between the clients and the workers. Each request of a thread goes to another worker than the one before, so that nothing can be
 * remembered but through the store. When the worker dies, the same request goes to the next one.
 *
 * It is sent again only when the worker is known to be gone: a slow one may still be at it, and two at one thread at once would run it twice.
 */
export class Front {
  readonly #supervisor: Supervisor;
  readonly #lastWorker = new Map<string, number>();

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor;
  }

  take(threadId: string, request: TurnRequest): Promise<TurnReply> {
    return this.#send<TurnReply>(threadId, "/turns", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(request),
    });
  }

  view(threadId: string): Promise<ThreadView> {
    return this.#send<ThreadView>(threadId, "", {});
  }

  async #send<Reply>(threadId: string, path: string, request: RequestInit): Promise<Reply> {
    for (;;) {
      const reply = await this.#supervisor.use(this.#lastWorker.get(threadId), async (worker) => {
        this.#lastWorker.set(threadId, worker.number);
        try {
          const response = await fetch(`${worker.url}/threads/${encodeURIComponent(threadId)}${path}`, request);
          return { ok: response.ok, text: await response.text() };
        } catch {
          await this.#supervisor.untilGone(worker, GONE_WITHIN_MS);
          return undefined;
        }
      });
      if (reply === undefined) continue;
      if (!reply.ok) throw new Error(`A worker refused a request for thread ${threadId}: ${reply.text}`);
      return JSON.parse(reply.text) as Reply;
    }
  }
}
