import { setTimeout as pause } from "node:timers/promises";
import type { WhenBusy } from "./fault-plan.js";
import type { Supervisor } from "./supervisor.js";
import type { ThreadView, TurnReply, TurnRequest, TurnStatus } from "./threads.js";
import type { TurnAnswer } from "./worker.js";

const GONE_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 100;
const LOOK_FOR_MS = 120_000;

/** What became of a request for a turn. `left`: its worker died, or lost its lease, before it had answered. */
type Outcome = { readonly kind: "answered"; readonly answer: TurnAnswer } | { readonly kind: "refused" | "left" };

/** What the clients have seen. */
export interface FrontCounts {
  /** Requests that were sent twice at once, to two workers. */
  readonly doubled: number;
  /** Of these, those of which one was refused. */
  readonly refused: number;
  /** Of these, those of which one waited for the other, and got the same answer. */
  readonly queued: number;
  /** Requests that were sent again, since the store did not have them, neither the turn nor the answer to what it waits for. */
  readonly repeated: number;
}

/**
 * What stands between the clients and the workers. Each request of a thread goes to another worker than the one before, so that nothing can be
 * remembered but through the store.
 *
 * When the worker of a turn dies, or is fenced, the request is not sent again: what the store has accepted, another worker's sweeper finishes. The
 * front only looks how the turn stands.
 */
export class Front {
  readonly #supervisor: Supervisor;
  readonly #lastWorker = new Map<string, number>();
  readonly counts = { doubled: 0, refused: 0, queued: 0, repeated: 0 } satisfies FrontCounts;

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor;
  }

  /** @param double also sends the request to a second worker at once; the two wait for each other, or one is refused. */
  async take(threadId: string, request: TurnRequest, double?: WhenBusy): Promise<TurnReply> {
    let outcomes: readonly Outcome[];
    if (double === undefined) outcomes = [await this.#ask(threadId, request)];
    else outcomes = await this.#askTwice(threadId, { ...request, whenBusy: double });
    for (;;) {
      const answered = outcomes.find(({ kind }) => kind === "answered");
      if (answered?.kind === "answered") return answered.answer.reply;
      const status = await this.#watch(threadId, request.turnId);
      if (isAnswer(status, request)) return status;
      this.counts.repeated += 1;
      outcomes = [await this.#ask(threadId, request)];
    }
  }

  view(threadId: string): Promise<ThreadView> {
    return this.#read<ThreadView>(threadId, "");
  }

  async #askTwice(threadId: string, request: TurnRequest): Promise<Outcome[]> {
    const outcomes = await Promise.all([this.#ask(threadId, request), this.#ask(threadId, request)]);
    const answers = outcomes.flatMap((outcome) => (outcome.kind === "answered" ? [outcome.answer] : []));
    const different = new Set(answers.map(({ reply }) => JSON.stringify(reply)));
    if (different.size > 1) throw new Error(`One request of thread ${threadId} had two answers: ${[...different].join(" ")}`);
    this.counts.doubled += 1;
    if (outcomes.some(({ kind }) => kind === "refused")) this.counts.refused += 1;
    if (answers.some(({ queued }) => queued)) this.counts.queued += 1;
    return outcomes;
  }

  /** Until the turn is done, waits for an approval, or turns out to be unknown to the store. */
  async #watch(threadId: string, turnId: string): Promise<TurnStatus> {
    for (const giveUpAt = performance.now() + LOOK_FOR_MS; performance.now() < giveUpAt; await pause(LOOK_EVERY_MS)) {
      const status = await this.#read<TurnStatus>(threadId, `/turns/${encodeURIComponent(turnId)}`);
      if (status.status !== "unfinished") return status;
    }
    throw new Error(`Nobody has gone on with ${turnId} of thread ${threadId} for ${LOOK_FOR_MS} ms.`);
  }

  async #ask(threadId: string, request: TurnRequest): Promise<Outcome> {
    const response = await this.#send(threadId, "/turns", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(request),
    });
    if (response === undefined) return { kind: "left" };
    const body = JSON.parse(response.text) as TurnAnswer | { readonly code?: string };
    if (response.ok) return { kind: "answered", answer: body as TurnAnswer };
    const { code } = body as { readonly code?: string };
    if (code === "HOLDFAST_THREAD_BUSY") return { kind: "refused" };
    if (code === "HOLDFAST_LEASE_LOST") return { kind: "left" };
    throw new Error(`A worker refused a request for thread ${threadId}: ${response.text}`);
  }

  /** Reading changes nothing: it may be done again on any worker. */
  async #read<Reply>(threadId: string, path: string): Promise<Reply> {
    for (;;) {
      const response = await this.#send(threadId, path, {});
      if (response === undefined) continue;
      if (!response.ok) throw new Error(`A worker cannot read thread ${threadId}: ${response.text}`);
      return JSON.parse(response.text) as Reply;
    }
  }

  /** @returns `undefined` when the worker died before it had answered. */
  #send(threadId: string, path: string, request: RequestInit): Promise<{ ok: boolean; text: string } | undefined> {
    return this.#supervisor.use(this.#lastWorker.get(threadId), async (worker) => {
      this.#lastWorker.set(threadId, worker.number);
      try {
        const response = await fetch(`${worker.url}/threads/${encodeURIComponent(threadId)}${path}`, request);
        return { ok: response.ok, text: await response.text() };
      } catch {
        await this.#supervisor.untilGone(worker, GONE_WITHIN_MS);
        return undefined;
      }
    });
  }
}

/** Not when the turn is unknown, nor when it waits for what the request has answered: then the request is not in the store. */
function isAnswer(status: TurnStatus, { approvals = {} }: TurnRequest): status is TurnReply {
  if (status.status === "done") return true;
  return status.status === "waiting" && status.approvals.every(({ id }) => approvals[id] === undefined);
}
