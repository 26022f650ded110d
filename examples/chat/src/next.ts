// app/chats/[id]/turns/route.ts
import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { type ChatAgent, chatAgent, httpError, type Input, runTurn } from "./chat.js";
import { model } from "./model.js";
import { serverSentEvents } from "./server-sent-events.js";

type Chat = { readonly agent: ChatAgent; readonly saver: PostgresSaver };

// In development, Next.js loads this module again after each change: `globalThis` keeps one pool for the process.
const shared = globalThis as { chat?: Promise<Chat> };

async function openChat(): Promise<Chat> {
  const saver = PostgresSaver.fromConnString(process.env.DATABASE_URL ?? "", { labels: ["conversation"] });
  await saver.setup();
  return { agent: chatAgent(model(), saver), saver };
}

export async function POST(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  try {
    shared.chat ??= openChat();
    const { agent, saver } = await shared.chat;
    const turn = {
      user: request.headers.get("x-user") ?? "", // your authentication
      conversation: (await params).id,
      input: (await request.json()) as Input,
      signal: request.signal, // aborts when the client goes
      shutdown: new AbortController().signal, // Next.js does not tell
    };
    const events = await serverSentEvents(runTurn(agent, saver, turn));
    const body = ReadableStream.from(events).pipeThrough(new TextEncoderStream());
    return new Response(body, { headers: { "content-type": "text/event-stream", "cache-control": "no-cache" } });
  } catch (error) {
    const { status, code } = httpError(error);
    return Response.json({ code }, { status });
  }
}
