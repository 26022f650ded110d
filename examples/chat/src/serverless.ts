import { PostgresSaver, resumeAbandoned } from "@holdfast/checkpoint-postgres";
import { type ChatEvent, chatAgent, httpError, type Input, runTurn } from "./chat.js";
import { model } from "./model.js";

// Outside of the handler: warm invocations share it. One invocation at a time needs two connections: one for the run, one to renew its lease.
const DAY = 24 * 60 * 60 * 1000;
const saver = PostgresSaver.fromConnString(process.env.DATABASE_URL ?? "", {
  poolSize: 2,
  labels: ["conversation"],
  retention: { keepLast: 20, idleFor: 90 * DAY },
});
const agent = chatAgent(model(), saver);

interface Invocation {
  readonly user: string;
  readonly conversation: string;
  readonly input: Input;
}

/** A turn. Ends when the run has ended: what goes on behind the answer would be frozen. Migrations ran in the deployment, not here. */
export async function turn(invocation: Invocation, remainingMs: number): Promise<{ status: number; body: unknown }> {
  // The run stops before the platform kills it, and the scheduled function resumes it.
  const shutdown = AbortSignal.timeout(Math.max(1, remainingMs - 2_000));
  try {
    let last: ChatEvent | undefined;
    for await (const event of runTurn(agent, saver, { ...invocation, signal: shutdown, shutdown })) last = event;
    return { status: 200, body: last };
  } catch (error) {
    const { status, code } = httpError(error);
    return shutdown.aborted ? { status: 202, body: {} } : { status, body: { code } };
  }
}

/** Call it every minute: resumes what was cut off, and applies the retention policy. */
export async function scheduled(remainingMs: number): Promise<void> {
  const signal = AbortSignal.timeout(Math.max(1, remainingMs - 2_000));
  await saver.sweep({ signal });
  await resumeAbandoned(agent, saver, { signal });
}
