import {
  AIMessage,
  AIMessageChunk,
  type BaseMessage,
  ChatMessage,
  HumanMessage,
  RemoveMessage,
  SystemMessage,
  ToolMessage,
} from "@langchain/core/messages";
import { END, MessagesAnnotation, REMOVE_ALL_MESSAGES, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import type { ScenarioRun } from "../../scenarios/scenario.js";
import { scenarioSuite } from "../../scenarios/scenario-suite.js";

type Reply = (messages: BaseMessage[]) => BaseMessage[];

const messageGraph = (checkpointer: BaseCheckpointSaver, first: Reply, second: Reply = () => []) =>
  new StateGraph(MessagesAnnotation)
    .addNode("first", ({ messages }) => ({ messages: first(messages) }))
    .addNode("second", ({ messages }) => ({ messages: second(messages) }))
    .addEdge(START, "first")
    .addEdge("first", "second")
    .addEdge("second", END)
    .compile({ checkpointer });

const human = (content: string, id?: string): HumanMessage => new HumanMessage(id === undefined ? { content } : { id, content });

const talk = (first: Reply, second?: Reply) => async (run: ScenarioRun) => {
  const graph = () => messageGraph(run.nextSaver(), first, second);
  for (const text of ["one", "two", "three"])
    run.note(await graph().invoke({ messages: [human(text, `human ${text}`)] }, run.config));
  return graph;
};

const kinds: Reply = (messages) => [
  new SystemMessage({ id: `system ${messages.length}`, content: "be brief" }),
  new AIMessage({
    id: `ai ${messages.length}`,
    content: [
      { type: "text", text: "looking" },
      { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
    ],
    tool_calls: [{ id: "call", name: "look up", args: { deep: [{ n: messages.length }] }, type: "tool_call" }],
    invalid_tool_calls: [{ id: "bad", name: "look up", args: "{", error: "no JSON", type: "invalid_tool_call" }],
    response_metadata: { model: "none", nested: { list: [null, true] }, usage: { output_tokens: 2 } },
    additional_kwargs: { reasoning: "because" },
  }),
  new ToolMessage({
    id: `tool ${messages.length}`,
    tool_call_id: "call",
    content: "found",
    status: "error",
    artifact: { rows: [1] },
  }),
  new ChatMessage({ id: `chat ${messages.length}`, content: "noted", role: "clerk" }),
];

export const messagesAsInMemory = scenarioSuite("messages", {
  "messages that are added": talk((messages) => [new AIMessage({ id: `ai ${messages.length}`, content: "yes" })]),
  "messages without an id": async (run) => {
    const graph = () => messageGraph(run.nextSaver(), () => [new AIMessage("yes")]);
    for (const text of ["one", "two"]) run.note(await graph().invoke({ messages: [human(text)] }, run.config));
    return graph;
  },
  "a message that replaces the one with its id": talk(
    (messages) => [new AIMessage({ id: "ai", content: `after ${messages.length}` })],
    (messages) => [human(`again ${messages.length}`, "human one")],
  ),
  "a message that is removed": talk(
    (messages) => [new AIMessage({ id: `ai ${messages.length}`, content: "yes" })],
    (messages) => [new RemoveMessage({ id: String(messages.at(-2)?.id) })],
  ),
  "all messages are removed": talk(
    (messages) => [new AIMessage({ id: `ai ${messages.length}`, content: "yes" })],
    (messages) => (messages.length < 4 ? [] : [new RemoveMessage({ id: REMOVE_ALL_MESSAGES }), human("summary", "summary")]),
  ),
  "messages of every kind": talk(kinds),
  "messages made of chunks": talk((messages) => [
    new AIMessageChunk({ id: `ai ${messages.length}`, content: "half " }).concat(new AIMessageChunk({ content: "and half" })),
  ]),
  "a message made of content blocks": talk((messages) => [
    new AIMessage({ id: `ai ${messages.length}`, contentBlocks: [{ type: "text", text: "a block" }] }),
  ]),
  "messages that are edited by hand": async (run) => {
    const graph = () =>
      messageGraph(run.nextSaver(), (messages) => [new AIMessage({ id: `ai ${messages.length}`, content: "yes" })]);
    run.note(await graph().invoke({ messages: [human("one", "one")] }, run.config));
    await graph().updateState(run.config, { messages: [human("edited", "one"), human("added", "added")] });
    run.note(await graph().invoke({ messages: [human("two", "two")] }, run.config));
    await graph().updateState(run.config, { messages: [new RemoveMessage({ id: "added" })] }, "first");
    run.note(await graph().invoke(null, run.config));
    return graph;
  },
});
