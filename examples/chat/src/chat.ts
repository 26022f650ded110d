import { isHoldfastError, type PostgresSaver, threadId } from "@holdfast/checkpoint-postgres";
import { type AIMessage, type BaseMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import type { Runnable } from "@langchain/core/runnables";
import { Command, END, interrupt, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { toolsCondition } from "@langchain/langgraph/prebuilt";

/** What a browser sends: a message, or the answer to a question. The id of a message is the browser's, so that it can send it again. */
export type Input = { readonly message: { id: string; text: string } } | { readonly approval: { id: string; approved: boolean } };

/** What it gets while the turn runs. */
export type ChatEvent =
  | { readonly event: "token"; readonly data: { readonly text: string } }
  | { readonly event: "approval"; readonly data: { readonly id: string | undefined; readonly question: unknown } }
  | { readonly event: "done"; readonly data: { readonly answer: string } };

class Conflict extends Error {}

/** A model, and tools that a human approves. `model` is any chat model, with its tools bound. */
export function chatAgent(model: Runnable<BaseMessage[], AIMessage>, saver: PostgresSaver) {
  return new StateGraph(MessagesAnnotation)
    .addNode("model", async ({ messages }) => ({ messages: await model.invoke(messages) }))
    .addNode("tools", ({ messages }) => {
      const call = (messages.at(-1) as AIMessage).tool_calls?.[0];
      const approved = interrupt({ tool: call?.name, args: call?.args });
      // Call the tool here. Only code after `interrupt` runs once.
      return { messages: new ToolMessage({ tool_call_id: call?.id ?? "", content: approved ? "done" : "refused by the user" }) };
    })
    .addEdge(START, "model")
    .addConditionalEdges("model", toolsCondition, ["tools", END])
    .addEdge("tools", "model")
    .compile({ checkpointer: saver });
}

export type ChatAgent = ReturnType<typeof chatAgent>;

export interface Turn {
  readonly user: string;
  readonly conversation: string;
  readonly input: Input;
  /** The client is gone: the run stops. Sending the same message again resumes it. */
  readonly signal: AbortSignal;
  /** The process ends: the run stops, and another worker resumes it. */
  readonly shutdown: AbortSignal;
}

/** One turn. At the same time, a second one fails with a ThreadBusyError; later, the same one repeats its answer and runs nothing. */
export async function* runTurn(agent: ChatAgent, saver: PostgresSaver, turn: Turn): AsyncGenerator<ChatEvent> {
  const { user, conversation, shutdown } = turn;
  const lease = await saver.acquireThread(threadId({ user, conversation }), { waitMs: 0 });
  try {
    const signal = AbortSignal.any([turn.signal, shutdown, lease.signal]);
    const config = { configurable: { ...lease.config.configurable, user, conversation }, signal };
    const input = await nextInput(agent, config, turn.input);
    if (input !== undefined)
      for await (const [{ type, text }] of await agent.stream(input, { ...config, streamMode: "messages" })) {
        if (type === "ai" && text !== "") yield { event: "token", data: { text } };
      }
    const { values, tasks } = await agent.getState(config);
    const [question] = tasks.flatMap(({ interrupts }) => interrupts);
    if (question) yield { event: "approval", data: { id: question.id, question: question.value } };
    else yield { event: "done", data: { answer: values.messages.at(-1)?.text ?? "" } };
  } finally {
    await (shutdown.aborted ? lease.handOver() : lease.release());
  }
}

/** What to run: the new input, `null` to resume an unfinished run, `undefined` when the turn is done already. */
async function nextInput(agent: ChatAgent, config: { configurable: object }, input: Input) {
  const { values, tasks } = await agent.getState(config);
  const [question] = tasks.flatMap(({ interrupts }) => interrupts);
  const unfinished = tasks.length > 0 && question === undefined ? null : undefined;
  if ("approval" in input) {
    const { id, approved } = input.approval;
    return question?.id === id
      ? new Command<unknown, Record<string, unknown>, never>({ resume: { [id]: approved } })
      : unfinished;
  }
  const { id, text } = input.message;
  if ((values.messages as BaseMessage[] | undefined)?.some((message) => message.id === id)) return unfinished;
  if (question !== undefined) throw new Conflict("The conversation waits for an approval.");
  return { messages: [new HumanMessage({ id, content: text })] };
}

/** Messages stay in the log: they can name hosts and threads. */
export function httpError(error: unknown): { readonly status: number; readonly code: string } {
  const code = isHoldfastError(error) ? error.code : error instanceof Conflict ? "CONFLICT" : "INTERNAL";
  return { status: STATUS[code] ?? 500, code };
}

const STATUS: Readonly<Record<string, number>> = {
  CONFLICT: 409,
  HOLDFAST_MISSING_THREAD_ID: 400,
  HOLDFAST_INVALID_THREAD_ID: 400,
  HOLDFAST_THREAD_BUSY: 409,
  HOLDFAST_THREAD_DELETED: 410,
  HOLDFAST_VALUE_TOO_LARGE: 413,
  HOLDFAST_LEASE_LOST: 503,
  HOLDFAST_STORE_UNAVAILABLE: 503,
};
