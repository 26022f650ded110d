import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { AIMessage, type BaseMessage, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";

/** A turn: what comes in, and what the graph adds to it, one list per superstep. */
export interface Turn {
  readonly input: readonly BaseMessage[];
  readonly steps: readonly (readonly BaseMessage[])[];
}

export type Conversation = readonly Turn[];

/** A chat of three messages a turn: 300 characters in, 1,000 and 200 out of one node. */
export function growingChat(turns: number, text: "prose" | "random"): Conversation {
  const random = seeded(20_261_121);
  const write = text === "prose" ? prose(random) : noise(random);
  return Array.from({ length: turns }, (_, turn) => ({
    input: [new HumanMessage({ id: `h${turn}`, content: write(300) })],
    steps: [[new AIMessage({ id: `a${turn}`, content: write(1000) }), new AIMessage({ id: `b${turn}`, content: write(200) })]],
  }));
}

/** The messages of a growing chat, as many as hold so many bytes of text. */
export function messagesOf(bytes: number): BaseMessage[] {
  const turns = Math.ceil(bytes / 1_500);
  return growingChat(turns, "prose").flatMap(({ input, steps }) => [...input, ...steps.flat()]);
}

/** Prose of one length, another one with each call. */
export function textOf(seed: number, length: number): () => string {
  const write = prose(seeded(seed));
  return () => write(length);
}

interface RecordedMessage {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly content: string | null;
  readonly name?: string;
  readonly tool_call_id?: string;
  readonly tool_calls?: readonly {
    readonly id: string;
    readonly function: { readonly name: string; readonly arguments: string };
  }[];
}

/** Conversations in OpenAI's chat format, one JSON object `{ traj: [message, …] }` a line. */
export async function readTranscripts(file: string): Promise<Conversation[]> {
  const lines = (await readFile(file, "utf8")).split("\n").filter((line) => line !== "");
  return lines.map((line, number) => {
    const { traj } = JSON.parse(line) as { traj: readonly RecordedMessage[] };
    const turns: { input: BaseMessage[]; steps: BaseMessage[][] }[] = [];
    for (const [position, recorded] of traj.entries()) {
      const message = toMessage(recorded, `${number}-${position}`);
      const begins = recorded.role === "user" || recorded.role === "system";
      const last = turns.at(-1);
      if (!begins) last?.steps.push([message]);
      else if (last !== undefined && last.steps.length === 0) last.input.push(message);
      else turns.push({ input: [message], steps: [] });
    }
    return turns;
  });
}

function toMessage({ role, content, name, tool_calls, tool_call_id }: RecordedMessage, id: string): BaseMessage {
  const text = content ?? "";
  if (role === "system") return new SystemMessage({ id, content: text });
  if (role === "user") return new HumanMessage({ id, content: text });
  if (role === "tool")
    return new ToolMessage({ id, content: text, tool_call_id: tool_call_id ?? "", ...(name === undefined ? {} : { name }) });
  return new AIMessage({
    id,
    content: text,
    tool_calls: (tool_calls ?? []).map((call) => ({
      id: call.id,
      name: call.function.name,
      args: JSON.parse(call.function.arguments) as Record<string, unknown>,
      type: "tool_call" as const,
    })),
  });
}

/** mulberry32: the same conversations in each run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Prose in its words, though not in its sense: the words of this project's contract, each as often as it stands there, in random order. */
function prose(random: () => number): (length: number) => string {
  const words =
    readFileSync(new URL("../../docs/reference/contract.md", import.meta.url), "utf8").match(/[A-Za-z]+[.,;:]?/g) ?? [];
  return (length) => {
    let text = "";
    while (text.length < length) text += `${words[Math.floor(random() * words.length)]} `;
    return text.slice(0, length);
  };
}

/** Text that hardly compresses. */
function noise(random: () => number): (length: number) => string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return (length) => Array.from({ length }, () => alphabet[Math.floor(random() * 64)]).join("");
}
