import type { WhenBusy } from "./fault-plan.js";
import type { ApprovalAnswer } from "./graph.js";
import { threadIdOf } from "./thread-ids.js";
import type { ThreadView, TurnReply, TurnRequest } from "./threads.js";
import type { Conversation } from "./transcripts.js";
import { type Turn, turnsOf } from "./turns.js";

export interface PlannedTurn extends Turn {
  readonly thread: string;
}

/** All turns of all conversations, in the order in which they are begun, more or less. */
export function planTurns(conversations: readonly Conversation[]): PlannedTurn[] {
  return conversations.flatMap((conversation, index) =>
    turnsOf(conversation).map((turn) => ({ ...turn, thread: threadIdOf(index) })),
  );
}

/** What a client needs of the service. */
export interface Service {
  /** @param double the request is sent twice at once. */
  take(threadId: string, request: TurnRequest, double?: WhenBusy): Promise<TurnReply>;
  view(threadId: string): Promise<ThreadView>;
}

export interface PlayOptions {
  readonly turns: readonly PlannedTurn[];
  readonly concurrency: number;
  /** The turns whose requests are sent twice. */
  readonly doubles: ReadonlyMap<PlannedTurn, WhenBusy>;
  readonly onTurn: (turn: PlannedTurn) => void;
  readonly onTurnDone: (turn: PlannedTurn) => void;
}

/** Plays the users: in each thread one turn after the other, `concurrency` threads at a time. Returns the threads as they are at the end. */
export async function play(
  service: Service,
  { turns, concurrency, doubles, onTurn, onTurnDone }: PlayOptions,
): Promise<Map<string, ThreadView>> {
  const threads = new Map<string, PlannedTurn[]>();
  for (const turn of turns) threads.set(turn.thread, [...(threads.get(turn.thread) ?? []), turn]);
  const views = new Map<string, ThreadView>();
  // One iterator for all players: each takes the next thread when it is done with its own.
  const next = threads.entries();
  const player = async (): Promise<void> => {
    for (const [thread, threadTurns] of next) {
      for (const turn of threadTurns) {
        onTurn(turn);
        await takeTurn(service, turn, doubles.get(turn));
        onTurnDone(turn);
      }
      views.set(thread, await service.view(thread));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, player));
  return views;
}

/** The user says something, and approves whatever is asked until there is an answer. */
async function takeTurn(service: Service, { thread, id, message }: PlannedTurn, double: WhenBusy | undefined): Promise<void> {
  const request: TurnRequest = { turnId: id, message };
  let reply = await service.take(thread, request, double);
  while (reply.status === "waiting") {
    const approvals = Object.fromEntries(reply.approvals.map((approval) => [approval.id, "approved" as ApprovalAnswer]));
    reply = await service.take(thread, { ...request, approvals }, double);
  }
}
