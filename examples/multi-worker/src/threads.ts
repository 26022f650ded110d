import { AIMessage, type BaseMessage, HumanMessage, SystemMessage } from "@langchain/core/messages";
import { Command, type StateSnapshot } from "@langchain/langgraph";
import type { WhenBusy } from "./fault-plan.js";
import type { ApprovalAnswer, ApprovalRequest } from "./graph.js";
import { messageId, type StoredMessage, toChat } from "./messages.js";
import type { Model } from "./model.js";
import type { RunConfig, Runs } from "./runs.js";

export interface TurnRequest {
  /** Chosen by the client. The same id again is the same turn, whichever worker gets it. */
  readonly turnId: string;
  readonly message: string;
  /** Answers to what the turn waits for, by approval id. */
  readonly approvals?: Readonly<Record<string, ApprovalAnswer>>;
  /** When another request is at the thread, on whatever worker: wait for it, or be refused. Default `"wait"`. */
  readonly whenBusy?: WhenBusy;
}

export interface Approval extends ApprovalRequest {
  readonly id: string;
}

export type TurnReply =
  | { readonly status: "done"; readonly answer: string | null }
  | { readonly status: "waiting"; readonly approvals: readonly Approval[] };

/** How a turn stands. `unfinished`: a worker is at it, or a sweeper will be. `unknown`: the store never had it; only then is it to be sent again. */
export type TurnStatus = TurnReply | { readonly status: "unfinished" | "unknown" };

export interface ThreadView {
  readonly messages: readonly StoredMessage[];
  readonly turns: readonly string[];
  /** `unfinished`: a worker is at it, or a sweeper will be. */
  readonly status: "idle" | "waiting" | "unfinished";
  readonly turn: string | null;
  readonly approvals: readonly Approval[];
}

/** A request that the state of the thread does not allow now. */
export class ThreadConflictError extends Error {
  override readonly name = "ThreadConflictError";
}

export interface ThreadsOptions {
  readonly runs: Runs;
  readonly model: Model;
}

interface TurnInput {
  readonly messages: BaseMessage[];
  readonly turn: string;
}

/** What a worker does for a client. It knows nothing but what the store tells it: all of it could be the work of another worker until now. */
export class Threads {
  readonly #runs: Runs;
  readonly #model: Model;

  constructor({ runs, model }: ThreadsOptions) {
    this.#runs = runs;
    this.#model = model;
  }

  async view(threadId: string): Promise<ThreadView> {
    const state = await this.#runs.getState(configOf(threadId));
    const approvals = approvalsOf(state);
    const unfinished = isUnfinished(state);
    return {
      messages: messagesOf(state).map(toChat),
      turns: turnsDone(state),
      status: approvals.length > 0 ? "waiting" : unfinished ? "unfinished" : "idle",
      turn: unfinished ? acceptedTurn(state) : null,
      approvals,
    };
  }

  /** For a client that has lost the worker which was at its turn. */
  async look(threadId: string, turnId: string): Promise<TurnStatus> {
    const state = await this.#runs.getState(configOf(threadId));
    if (turnsDone(state).includes(turnId)) return replyOf(state, turnId);
    if (!isUnfinished(state)) return { status: "unknown" };
    // In the very first checkpoint of a run not even the accepted turn is to be seen yet.
    if (approvalsOf(state).length === 0) return { status: "unfinished" };
    return acceptedTurn(state) === turnId ? replyOf(state, turnId) : { status: "unknown" };
  }

  /**
   * Runs a turn to its end, or to its next approval. Sent again it does only what is still to be done.
   *
   * To be called by one at a time, of all workers: what is read here must still be so when it is acted upon. `exclusive-turns.ts` sees to that.
   */
  async take(
    threadId: string,
    { turnId, message, approvals = {} }: TurnRequest,
    config: RunConfig = configOf(threadId),
  ): Promise<TurnReply> {
    let state = await this.#runs.getState(config);
    /*
     * First of all what a worker has left unfinished is finished, this turn or one whose client has given it up: what was accepted is answered. Only
     * then does the state tell which turns are done. A request comes here before the sweeper only if it was waiting when the worker died.
     */
    if (isUnfinished(state) && approvalsOf(state).length === 0) {
      await this.#runs.invoke(null, config, "request");
      state = await this.#runs.getState(config);
    }
    if (turnsDone(state).includes(turnId)) return replyOf(state, turnId);
    if (!isUnfinished(state)) {
      await this.#runs.invoke(this.#input(threadId, turnId, message, state), config);
      return replyOf(await this.#runs.getState(config), turnId);
    }
    const accepted = acceptedTurn(state);
    if (accepted !== turnId) throw new ThreadConflictError(`Turn ${accepted} of thread ${threadId} waits for an approval.`);
    const answers = approvalsOf(state).flatMap(({ id }) => (approvals[id] === undefined ? [] : [[id, approvals[id]]]));
    if (answers.length === 0) return replyOf(state, turnId);
    // Answered by id, since parallel tool calls may wait for one answer each.
    await this.#runs.invoke(new Command({ resume: Object.fromEntries(answers) }), config);
    return replyOf(await this.#runs.getState(config), turnId);
  }

  #input(threadId: string, turn: string, message: string, state: StateSnapshot): TurnInput {
    const position = messagesOf(state).length;
    const instructions = position === 0 ? this.#model.instructions(threadId) : undefined;
    if (instructions === undefined) return { turn, messages: [new HumanMessage({ id: messageId(position), content: message })] };
    const system = new SystemMessage({ id: messageId(0), content: instructions });
    return { turn, messages: [system, new HumanMessage({ id: messageId(1), content: message })] };
  }
}

function configOf(threadId: string): RunConfig {
  return { configurable: { thread_id: threadId } };
}

/**
 * Not `state.next.length > 0`: `next` leaves out tasks whose writes are stored, and so is empty, too, when a worker died between the last write of a
 * superstep and its checkpoint. New input to such a thread would throw those writes away.
 */
function isUnfinished(state: StateSnapshot): boolean {
  return state.tasks.length > 0;
}

function messagesOf(state: StateSnapshot): BaseMessage[] {
  return (state.values as { messages?: BaseMessage[] }).messages ?? [];
}

function turnsDone(state: StateSnapshot): string[] {
  return (state.values as { turns?: string[] }).turns ?? [];
}

function acceptedTurn(state: StateSnapshot): string | null {
  return (state.values as { turn?: string }).turn ?? null;
}

function approvalsOf(state: StateSnapshot): Approval[] {
  const interrupts = state.tasks.flatMap((task) => task.interrupts);
  return interrupts.map(({ id = "", value }) => ({ id, ...(value as ApprovalRequest) }));
}

/** Read from the state, so that it is the same when the turn was done long ago by another worker. */
function replyOf(state: StateSnapshot, turnId: string): TurnReply {
  const turn = turnsDone(state).indexOf(turnId);
  if (turn < 0) {
    const approvals = approvalsOf(state);
    if (approvals.length === 0) throw new Error(`The run of turn ${turnId} has ended, but the turn is neither done nor waiting.`);
    return { status: "waiting", approvals };
  }
  const messages = messagesOf(state);
  const starts = [...messages.keys()].filter((position) => HumanMessage.isInstance(messages[position]));
  const replies = messages.slice(starts[turn], starts[turn + 1]);
  const answer = replies.findLast((message) => AIMessage.isInstance(message));
  return { status: "done", answer: answer === undefined ? null : answer.text };
}
