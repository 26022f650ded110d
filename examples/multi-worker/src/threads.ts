import type { Callbacks } from "@langchain/core/callbacks/manager";
import { AIMessage, type BaseMessage, HumanMessage, SystemMessage } from "@langchain/core/messages";
import { Command, type StateSnapshot } from "@langchain/langgraph";
import type { ApprovalAnswer, ApprovalRequest, agentGraph } from "./graph.js";
import { messageId, type StoredMessage, toChat } from "./messages.js";
import type { Model } from "./model.js";

export interface TurnRequest {
  /** Chosen by the client. The same id again is the same turn, whichever worker gets it. */
  readonly turnId: string;
  readonly message: string;
  /** Answers to what the turn waits for, by approval id. */
  readonly approvals?: Readonly<Record<string, ApprovalAnswer>>;
}

export interface Approval extends ApprovalRequest {
  readonly id: string;
}

export type TurnReply =
  | { readonly status: "done"; readonly answer: string | null }
  | { readonly status: "waiting"; readonly approvals: readonly Approval[] };

export interface ThreadView {
  readonly messages: readonly StoredMessage[];
  readonly turns: readonly string[];
  /** `unfinished`: a worker is at it, or has left it; sending the turn again finishes it. */
  readonly status: "idle" | "waiting" | "unfinished";
  readonly turn: string | null;
  readonly approvals: readonly Approval[];
}

/** A request that the state of the thread does not allow now. */
export class ThreadConflictError extends Error {
  override readonly name = "ThreadConflictError";
}

type Graph = ReturnType<typeof agentGraph>;

export interface ThreadsOptions {
  readonly graph: Graph;
  readonly model: Model;
  readonly callbacks?: Callbacks;
  /** Told when a run is found that another worker has left. */
  readonly onResume?: (threadId: string) => void;
}

interface TurnInput {
  readonly messages: BaseMessage[];
  readonly turn: string;
}

/** What a worker does for a client. It knows nothing but what the store tells it: all of it could be the work of another worker until now. */
export class Threads {
  readonly #options: ThreadsOptions;
  readonly #busy = new Set<string>();

  constructor(options: ThreadsOptions) {
    this.#options = options;
  }

  async view(threadId: string): Promise<ThreadView> {
    const state = await this.#state(threadId);
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

  /** Runs a turn to its end, or to its next approval. Sent again it does only what is still to be done. */
  async take(threadId: string, request: TurnRequest): Promise<TurnReply> {
    // Guards this process only. Two workers on one thread at once need a lease.
    if (this.#busy.has(threadId)) throw new ThreadConflictError(`This worker is at a turn of thread ${threadId} now.`);
    this.#busy.add(threadId);
    try {
      return await this.#take(threadId, request);
    } finally {
      this.#busy.delete(threadId);
    }
  }

  async #take(threadId: string, { turnId, message, approvals = {} }: TurnRequest): Promise<TurnReply> {
    let state = await this.#state(threadId);
    /*
     * First of all what a worker has left unfinished is finished, this turn or one whose client has given it up: what was accepted is answered. Only
     * then does the state tell which turns are done; in the very first checkpoint of a run not even the accepted turn is to be seen yet.
     */
    if (isUnfinished(state) && approvalsOf(state).length === 0) {
      this.#options.onResume?.(threadId);
      state = await this.#run(threadId, null);
    }
    if (turnsDone(state).includes(turnId)) return replyOf(state, turnId);
    if (!isUnfinished(state)) {
      return replyOf(await this.#run(threadId, this.#input(threadId, turnId, message, state)), turnId);
    }
    const accepted = acceptedTurn(state);
    if (accepted !== turnId) throw new ThreadConflictError(`Turn ${accepted} of thread ${threadId} waits for an approval.`);
    const answers = approvalsOf(state).flatMap(({ id }) => (approvals[id] === undefined ? [] : [[id, approvals[id]]]));
    // Answered by id, since parallel tool calls may wait for one answer each.
    if (answers.length > 0) state = await this.#run(threadId, new Command({ resume: Object.fromEntries(answers) }));
    return replyOf(state, turnId);
  }

  #input(threadId: string, turn: string, message: string, state: StateSnapshot): TurnInput {
    const position = messagesOf(state).length;
    const instructions = position === 0 ? this.#options.model.instructions(threadId) : undefined;
    if (instructions === undefined) return { turn, messages: [new HumanMessage({ id: messageId(position), content: message })] };
    const system = new SystemMessage({ id: messageId(0), content: instructions });
    return { turn, messages: [system, new HumanMessage({ id: messageId(1), content: message })] };
  }

  /** `null`: goes on from the last checkpoint, without new input. */
  async #run(threadId: string, input: Parameters<Graph["invoke"]>[0]): Promise<StateSnapshot> {
    await this.#options.graph.invoke(input, {
      configurable: { thread_id: threadId },
      recursionLimit: 1_000,
      /*
       * No node begins before the store has acknowledged the superstep before it. With "async", the default, a node runs ahead of that: its own
       * writes may be acknowledged while the checkpoint that they belong to is lost with the process, and it is then run again.
       */
      durability: "sync",
      ...(this.#options.callbacks === undefined ? {} : { callbacks: this.#options.callbacks }),
    });
    return this.#state(threadId);
  }

  #state(threadId: string): Promise<StateSnapshot> {
    return this.#options.graph.getState({ configurable: { thread_id: threadId } });
  }
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
