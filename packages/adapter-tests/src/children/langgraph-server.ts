import { pinCheckpointer } from "@holdfast/checkpoint-core";
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { Hono } from "hono";
import type { KeepingSaver } from "../retention/target.js";

const State = Annotation.Root({ turns: Annotation<string[]>({ reducer: (a, b) => a.concat(b), default: () => [] }) });

const builder = new StateGraph(State)
  .addNode("answer", ({ turns }) => ({ turns: [`answer to ${turns.at(-1)}`] }))
  .addEdge(START, "answer")
  .addEdge("answer", END);

/** What a project of `langgraphjs dev` exports, as `docs/guides/langgraph-server.md` says. */
export function servedProject(saver: KeepingSaver) {
  const app = new Hono();
  app.delete("/threads/:thread_id", async (context, next) => {
    await next();
    if (context.res.ok) await saver.deleteThread(context.req.param("thread_id"));
  });
  app.post("/threads/:thread_id/copy", async (context, next) => {
    await next();
    if (!context.res.ok) return;
    const { thread_id: copy } = (await context.res.clone().json()) as { thread_id: string };
    await saver.copyThread(context.req.param("thread_id"), copy);
  });
  return {
    app,
    agent: () => pinCheckpointer(builder.compile({ checkpointer: saver })),
    /** Its saver is replaced by the server's own. */
    unpinned: builder.compile({ checkpointer: saver }),
  };
}
