import { createServer } from "node:http";
import { isHoldfastError } from "@holdfast/checkpoint-core";
import { Annotation, START, StateGraph } from "@langchain/langgraph";
import type { TestedSaver } from "../target.js";
import { givenStoreUrl } from "./store-url.js";

const State = Annotation.Root({ turns: Annotation<number>({ reducer: (all, more) => all + more, default: () => 0 }) });

/** A service that forgets to look at what it is asked: it hands the request's thread id on to the graph, or none. It tells its port. */
export function runRequestServer(open: (url: string) => TestedSaver): void {
  const saver = open(givenStoreUrl());
  const graph = new StateGraph(State)
    .addNode("model", async () => {
      // As long as others take to fail.
      for (let n = 0; n < 10; n += 1) await new Promise((resolve) => setImmediate(resolve));
      return { turns: 1 };
    })
    .addEdge(START, "model")
    .compile({ checkpointer: saver });
  const server = createServer((request, response) => {
    const asked = new URL(request.url ?? "/", "http://service").searchParams;
    const thread = asked.get("thread") ?? undefined;
    const durability = (asked.get("durability") ?? undefined) as "sync" | "async" | "exit" | undefined;
    graph.invoke({ turns: 0 }, { configurable: { thread_id: thread }, ...(durability && { durability }) }).then(
      () => response.end(),
      (error: unknown) => {
        response.statusCode = 400;
        response.end(isHoldfastError(error) ? error.code : String(error));
      },
    );
  });
  server.listen(0, "127.0.0.1", () => process.send?.(server.address()));
}
