import { isHoldfastError, type PostgresSaver, threadId } from "@holdfast/checkpoint-postgres";
import { type AIMessage, type BaseMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import type { Runnable } from "@langchain/core/runnables";
import { Command, END, interrupt, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";

/** What a browser sends: a message, or the answer to a question. The id of a message is the browser's, so that it can send it again. */
export type Input = { readonly message: { id: string; text: string } } | { readonly approval: { id: string; approved: boolean } };

/** What it gets while the turn runs. */
export type ChatEvent =
  | { readonly event: "token"; readonly data: { readonly text: string } }
  | { readonly event: "approval"; readonly data: { readonly id: string | undefined; readonly question: unknown } }
  | { readonly event: "done"; readonly data: { readonly answer: string } };

/** The turn contradicts the state of the conversation. */
class Conflict extends Error {}

/** A model, and tools that a human approves. `model` is any chat model, with its tools bound. */
export function chatAgent(model: Runnable<BaseMessage[], AIMessage>, saver: PostgresSaver) {
  return new StateGraph(MessagesAnnotation)
    .addNode("model", async ({ messages }) => ({ messages: await model.invoke(messages) }))
    .addNode("tool", ({ messages }) => {
      const call = (messages.at(-1) as AIMessage).tool_calls?.[0];
      const approved = interrupt({ tool: call?.name, args: call?.args });
      // Call the tool here. Only code after `interrupt` runs once.
      return { messages: new ToolMessage({ tool_call_id: call?.id ?? "", content: approved ? "done" : "refused by the user" }) };
    })
    .addEdge(START, "model")
    .addConditionalEdges("model", ({ messages }) => ((messages.at(-1) as AIMessage).tool_calls?.length ? "tool" : END), [
      "tool",
      END,
    ])
    .addEdge("tool", "model")
    .compile({ checkpointer: saver });
}

export type ChatAgent = ReturnType<typeof chatAgent>;
type AgentInput = Parameters<ChatAgent["stream"]>[0];

export interface Turn {
  readonly user: string;
  readonly conversation: string;
  readonly input: Input;
  /** The client is gone: the run stops. Sending the same message again resumes it. */
  readonly signal: AbortSignal;
  /** The process ends: the run stops, and another worker resumes it. */
  readonly shutdown: AbortSignal;
}

/** One turn, while nobody else has the conversation. Repeating a turn repeats its answer, and runs nothing twice. */
export async function* runTurn(agent: ChatAgent, saver: PostgresSaver, turn: Turn): AsyncGenerator<ChatEvent> {
  const { user, conversation, shutdown } = turn;
  // A second request at the same time is refused with a ThreadBusyError.
  const lease = await saver.acquireThread(threadId({ user, conversation }), { waitMs: 0 });
  try {
    const config = {
      configurable: { ...lease.config.configurable, user, conversation },
      signal: AbortSignal.any([turn.signal, shutdown, lease.signal]),
    };
    const input = await nextInput(agent, config, turn.input);
    if (input !== undefined) {
      for await (const [mode, chunk] of await agent.stream(input, { ...config, streamMode: ["messages", "values"] })) {
        if (mode === "messages" && chunk[0].text !== "" && chunk[0].type === "ai")
          yield { event: "token", data: { text: chunk[0].text } };
      }
    }
    const { values, tasks } = await agent.getState(config);
    const [question] = tasks.flatMap(({ interrupts }) => interrupts);
    if (question) yield { event: "approval", data: { id: question.id, question: question.value } };
    else yield { event: "done", data: { answer: values.messages.at(-1)?.text ?? "" } };
  } finally {
    if (shutdown.aborted) await lease.handOver();
    else await lease.release();
  }
}

/** What to run: the new input, `null` to resume an unfinished run, `undefined` when the turn is done already. */
async function nextInput(agent: ChatAgent, config: { configurable: object }, input: Input): Promise<AgentInput | undefined> {
  const { values, tasks } = await agent.getState(config);
  const [question] = tasks.flatMap(({ interrupts }) => interrupts);
  const unfinished = tasks.length > 0 && question === undefined ? null : undefined;
  if ("approval" in input) {
    const { id, approved } = input.approval;
    return question?.id === id ? (new Command({ resume: { [id]: approved } }) as AgentInput) : unfinished;
  }
  const { id, text } = input.message;
  if ((values.messages as BaseMessage[] | undefined)?.some((message) => message.id === id)) return unfinished;
  if (question !== undefined) throw new Conflict("The conversation waits for an approval.");
  return { messages: [new HumanMessage({ id, content: text })] };
}

/** The status and code of an error. Messages stay in the log: they can name hosts and threads. */
export function httpError(error: unknown): { readonly status: number; readonly code: string } {
  if (error instanceof Conflict) return { status: 409, code: "CONFLICT" };
  if (!isHoldfastError(error)) return { status: 500, code: "INTERNAL" };
  return { status: STATUS[error.code] ?? 500, code: error.code };
}

const STATUS: Readonly<Record<string, number>> = {
  HOLDFAST_MISSING_THREAD_ID: 400,
  HOLDFAST_INVALID_THREAD_ID: 400,
  HOLDFAST_THREAD_BUSY: 409,
  HOLDFAST_CONCURRENT_UPDATE: 409,
  HOLDFAST_THREAD_DELETED: 410,
  HOLDFAST_VALUE_TOO_LARGE: 413,
  HOLDFAST_LEASE_LOST: 503,
  HOLDFAST_NOT_DURABLE: 503,
  HOLDFAST_STORE_UNAVAILABLE: 503,
};
