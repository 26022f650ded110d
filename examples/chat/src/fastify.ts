import { Readable } from "node:stream";
import { type PostgresSaver, threadId } from "@holdfast/checkpoint-postgres";
import Fastify, { type FastifyRequest } from "fastify";
import { type ChatAgent, httpError, type Input, runTurn } from "./chat.js";
import { serverSentEvents } from "./server-sent-events.js";

type Conversation = { Params: { id: string } };

/** @param shutdown aborted when the process should end, before `close()`. */
export function chatServer(agent: ChatAgent, saver: PostgresSaver, shutdown: AbortSignal) {
  const app = Fastify();
  // Your authentication goes here. The user never chooses a thread_id: it is built from who they are.
  const userOf = (request: FastifyRequest) => String(request.headers["x-user"] ?? "");

  app.setErrorHandler((error, request, reply) => {
    request.log.error(error);
    const { status, code } = httpError(error);
    if (status === 503) reply.header("retry-after", "5");
    return reply.code(status).send({ code });
  });

  app.get("/chats", async (request) => {
    const chats = [];
    for await (const thread of saver.listThreads({ labels: { user: userOf(request) }, limit: 50 })) {
      chats.push({ id: thread.labels.conversation, updatedAt: thread.updatedAt, isWaiting: thread.isWaiting });
    }
    return chats;
  });

  app.get<Conversation>("/chats/:id", async (request) => {
    const thread_id = threadId({ user: userOf(request), conversation: request.params.id });
    const { values } = await agent.getState({ configurable: { thread_id } });
    return (values.messages ?? []).map(({ id, type, text }: { id?: string; type: string; text: string }) => ({ id, type, text }));
  });

  app.delete<Conversation>("/chats/:id", async (request, reply) => {
    await saver.deleteThread(threadId({ user: userOf(request), conversation: request.params.id }));
    return reply.code(204).send();
  });

  app.post<Conversation & { Body: Input }>("/chats/:id/turns", async (request, reply) => {
    const gone = new AbortController();
    reply.raw.once("close", () => gone.abort());
    const { id: conversation } = request.params;
    const turn = { user: userOf(request), conversation, input: request.body, signal: gone.signal, shutdown };
    const events = await serverSentEvents(runTurn(agent, saver, turn));
    // Kept alive, the connection would hold up `close()` after the stream has ended.
    reply.headers({ "cache-control": "no-cache", connection: "close" });
    return reply.type("text/event-stream").send(Readable.from(events));
  });

  return app;
}
