import {
  answerWith,
  type ConformanceSuite,
  outcome,
  type ScenarioRun,
  type StatefulGraph,
  scenarioSuite,
} from "@holdfast/checkpoint-conformance/runner";
import { HumanMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import { createReactAgent } from "@langchain/langgraph/prebuilt";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { createSupervisor } from "@langchain/langgraph-supervisor";
import { createHandoffTool, createSwarm } from "@langchain/langgraph-swarm";
import { createDeepAgent } from "deepagents";
import {
  type AgentMiddleware,
  createAgent,
  humanInTheLoopMiddleware,
  summarizationMiddleware,
  todoListMiddleware,
  tool,
} from "langchain";
import { z } from "zod";
import { ScriptedModel } from "./scripted-model.js";

const add = tool(({ a, b }) => String(a + b), {
  name: "add",
  description: "adds two numbers",
  schema: z.object({ a: z.number(), b: z.number() }),
});

const send = tool(({ to }) => `sent to ${to}`, {
  name: "send",
  description: "sends a mail",
  schema: z.object({ to: z.string() }),
});

const says = (content: string) => ({ messages: [new HumanMessage({ id: `human ${content}`, content })] });

const calculator = new ScriptedModel((asked) => [
  [
    ["add", { a: 1, b: asked.length }],
    ["add", { a: 2, b: 2 }],
  ],
  `the answer to ${asked}`,
]);

const mailer = new ScriptedModel(() => [
  [
    ["send", { to: "Alice" }],
    ["add", { a: 1, b: 1 }],
    ["send", { to: "Bob" }],
  ],
  "all is sent",
]);

/** LangChain's own middleware, whose types do not hold under exactOptionalPropertyTypes: neither its options nor itself. */
const withOwn = (make: (options: never) => object, options: object): [AgentMiddleware] => [
  make(options as never) as AgentMiddleware,
];

const calculating = (checkpointer: BaseCheckpointSaver) => createAgent({ model: calculator, tools: [add], checkpointer }).graph;

const approving = (checkpointer: BaseCheckpointSaver) =>
  createAgent({
    model: mailer,
    tools: [add, send],
    middleware: withOwn(humanInTheLoopMiddleware, { interruptOn: { send: true } }),
    checkpointer,
  }).graph;

const summarizing = (checkpointer: BaseCheckpointSaver) =>
  createAgent({
    model: calculator,
    tools: [add],
    middleware: withOwn(summarizationMiddleware, {
      model: new ScriptedModel(() => ["a summary"]),
      trigger: { messages: 6 },
      keep: { messages: 2 },
    }),
    checkpointer,
  }).graph;

const planning = (checkpointer: BaseCheckpointSaver) =>
  createAgent({
    model: new ScriptedModel((asked) => [
      [
        [
          "write_todos",
          {
            todos: [
              { content: asked, status: "in_progress" },
              { content: "rest", status: "pending" },
            ],
          },
        ],
      ],
      [["add", { a: 1, b: 2 }]],
      [["write_todos", { todos: [{ content: asked, status: "completed" }] }]],
      "planned and done",
    ]),
    tools: [add],
    middleware: withOwn(todoListMiddleware, {}),
    checkpointer,
  }).graph;

/** Writes files, and has a subagent that reads one and calculates. */
const deep = (checkpointer: BaseCheckpointSaver) =>
  createDeepAgent({
    model: new ScriptedModel((asked) => [
      [
        ["write_file", { file_path: `/${asked}.txt`, content: `notes on ${asked}` }],
        ["write_file", { file_path: `/${asked}-2.txt`, content: "more notes" }],
      ],
      [
        ["task", { description: `read /${asked}.txt`, subagent_type: "reader" }],
        ["task", { description: "add up", subagent_type: "reader" }],
      ],
      [["edit_file", { file_path: `/${asked}.txt`, old_string: "notes", new_string: "edited notes" }]],
      "it is all written down",
    ]),
    tools: [],
    subagents: [
      {
        name: "reader",
        description: "reads and calculates",
        systemPrompt: "be brief",
        model: new ScriptedModel((asked) => [
          [asked.startsWith("read ") ? ["read_file", { file_path: asked.slice("read ".length) }] : ["add", { a: 1, b: 2 }]],
          `done: ${asked}`,
        ]),
        tools: [add],
      },
    ],
    checkpointer,
  }).graph;

const member = (name: string, lines: ConstructorParameters<typeof ScriptedModel>[0], tools = [add]) =>
  createReactAgent({ llm: new ScriptedModel(lines), tools, name });

const supervised = (checkpointer: BaseCheckpointSaver) =>
  createSupervisor({
    agents: [member("adder", () => [[["add", { a: 3, b: 4 }]], "seven"]), member("writer", () => ["written"])],
    llm: new ScriptedModel(() => [
      [["transfer_to_adder", {}]],
      // What the members said stands between: their messages count as said.
      "the adder is done",
      "the adder is done",
      [["transfer_to_writer", {}]],
      "all is done",
    ]),
  }).compile({ checkpointer });

const swarm = (checkpointer: BaseCheckpointSaver) => {
  const handOff = (agentName: string) => createHandoffTool({ agentName, description: `asks ${agentName}` });
  return createSwarm({
    agents: [
      createReactAgent({
        llm: new ScriptedModel((asked) =>
          asked === "switch" ? [[["transfer_to_bob", {}]], "still Alice"] : [`Alice on ${asked}`],
        ),
        tools: [add, handOff("bob")],
        name: "alice",
      }),
      createReactAgent({
        llm: new ScriptedModel((asked) =>
          asked === "back" ? [[["transfer_to_alice", {}]], "still Bob"] : ["no", `Bob on ${asked}`],
        ),
        tools: [add, handOff("alice")],
        name: "bob",
      }),
    ],
    defaultActiveAgent: "alice",
  }).compile({ checkpointer });
};

const decisions = (...types: string[]) =>
  answerWith({
    decisions: types.map((type) =>
      type === "edit"
        ? { type, editedAction: { name: "send", args: { to: "Carol" } } }
        : type === "reject"
          ? { type, message: "not now" }
          : { type },
    ),
  });

/** A graph that talks, whatever else its state has. */
interface TalkingGraph extends StatefulGraph {
  invoke(input: object | null, config: RunnableConfig): Promise<unknown>;
  updateState(config: RunnableConfig, values: null, asNode: string): Promise<RunnableConfig>;
}

/** Says these things to the graph, and then answers what it asks, each by a call of its own. */
const talk =
  (make: (checkpointer: BaseCheckpointSaver) => TalkingGraph, said: readonly string[], answers: readonly object[] = []) =>
  async (run: ScenarioRun): Promise<() => TalkingGraph> => {
    const graph = () => make(run.nextSaver());
    for (const text of said) {
      run.note(await outcome(graph().invoke(says(text), run.config)));
      for (const answer of answers) {
        run.noteState(await graph().getState(run.config, { subgraphs: true }));
        run.note(await outcome(graph().invoke(answer, run.config)));
      }
    }
    return graph;
  };

/** Agents of LangChain and of packages on LangGraph, with models that follow a script. */
export const agents: ConformanceSuite = scenarioSuite("agents", {
  "createAgent with tools": talk(calculating, ["one", "three"]),
  "createAgent, a human approves": talk(approving, ["mail"], [decisions("approve", "approve")]),
  "createAgent, a human edits and rejects": talk(approving, ["mail", "again"], [decisions("edit", "reject")]),
  "createAgent with summaries": talk(summarizing, ["one", "three", "seven"]),
  "createAgent with a list of things to do": talk(planning, ["this", "that"]),
  "deepagents with files and subagents": talk(deep, ["rivers", "lakes"]),
  "a supervisor of two agents": talk(supervised, ["begin", "once more"]),
  "a swarm of two agents": talk(swarm, ["hello", "switch", "hello", "back", "hello"]),
});
