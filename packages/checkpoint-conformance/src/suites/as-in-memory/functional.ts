import { entrypoint, getPreviousState, interrupt, task } from "@langchain/langgraph";
import { type BaseCheckpointSaver, InMemoryCache } from "@langchain/langgraph-checkpoint";
import { answerWith, outcome } from "../../scenarios/scenario.js";
import { scenarioSuite } from "../../scenarios/scenario-suite.js";
import { workflow } from "../../scenarios/workflow.js";

/** Each call adds to what the calls before it have left. */
const counter = (checkpointer: BaseCheckpointSaver) =>
  entrypoint({ name: "counter", checkpointer }, async (more: number) => {
    const sum = (getPreviousState<number>() ?? 0) + more;
    return sum;
  });

/** What is returned and what is kept differ. */
const keeper = (checkpointer: BaseCheckpointSaver) =>
  entrypoint({ name: "keeper", checkpointer }, async (text: string) => {
    const kept = getPreviousState<{ all: string[] }>()?.all ?? [];
    return entrypoint.final({ value: `${text} after ${kept.length}`, save: { all: [...kept, text] } });
  });

/** Tasks that call tasks, and a question in between. */
function nested(checkpointer: BaseCheckpointSaver, ran: string[]) {
  const letter = task("letter", async (text: string) => {
    ran.push(text);
    return text.toUpperCase();
  });
  const word = task("word", async (text: string) => (await Promise.all([...text].map((each) => letter(each)))).join(""));
  return entrypoint({ name: "spelling", checkpointer }, async (words: string[]) => {
    const first = await Promise.all(words.map((each) => word(each)));
    const answer: string = interrupt({ spelled: first });
    return { first, last: await word(answer), again: interrupt("once more?") };
  });
}

/** A task that fails until it is mended. */
function mending(checkpointer: BaseCheckpointSaver, isBroken: () => boolean, ran: string[]) {
  const step = task("step", async (name: string) => {
    ran.push(name);
    if (name === "b" && isBroken()) throw new TypeError("b is broken");
    return `did ${name}`;
  });
  return entrypoint({ name: "mending", checkpointer }, async (names: string[]) => {
    const done: string[] = [];
    for (const name of names) done.push(await step(name));
    return done;
  });
}

/** A task that fails twice, with retries; and one whose results are cached. */
function stubborn(checkpointer: BaseCheckpointSaver, cache: InMemoryCache, ran: string[]) {
  let tries = 0;
  const third = task(
    { name: "third", retry: { maxAttempts: 3, initialInterval: 1, jitter: false, logWarning: false } },
    async () => {
      tries += 1;
      ran.push(`try ${tries}`);
      if (tries < 3) throw new Error("not yet");
      return tries;
    },
  );
  const cached = task({ name: "cached", cachePolicy: { keyFunc: (args) => JSON.stringify(args) } }, async (n: number) => {
    ran.push(`made ${n}`);
    return n * n;
  });
  return entrypoint({ name: "stubborn", checkpointer, cache }, async (n: number) => ({
    tries: await third(),
    squares: [await cached(n), await cached(2)],
  }));
}

export const functionalAsInMemory = scenarioSuite("the functional API", {
  "an entrypoint that sees what it returned before": async (run) => {
    const flow = () => counter(run.nextSaver());
    for (const more of [1, 2, 3]) run.note(await flow().invoke(more, run.config));
    return flow;
  },
  "an entrypoint that keeps something else than it returns": async (run) => {
    const flow = () => keeper(run.nextSaver());
    for (const text of ["one", "two", "three"]) run.note(await flow().invoke(text, run.config));
    return flow;
  },
  "tasks at once, and a question": async (run) => {
    const flow = () => workflow(run.nextSaver(), () => undefined);
    for (const numbers of [[1, 2, 3], [4]]) {
      run.note(await flow().invoke(numbers, run.config));
      run.noteState(await flow().getState(run.config));
      run.note(await flow().invoke(answerWith(2), run.config));
    }
    return flow;
  },
  "tasks that call tasks": async (run) => {
    const ran: string[] = [];
    const flow = () => nested(run.nextSaver(), ran);
    run.note(await flow().invoke(["ab", "c"], run.config));
    run.noteState(await flow().getState(run.config));
    run.note(await flow().invoke(answerWith("xy"), run.config));
    run.note(await outcome(flow().invoke(answerWith(false), run.config)));
    run.note(await flow().invoke(answerWith("no"), run.config));
    run.note([...ran].sort());
    return flow;
  },
  "a task that fails, and is run again": async (run) => {
    const ran: string[] = [];
    let broken = true;
    const flow = () => mending(run.nextSaver(), () => broken, ran);
    run.note(await outcome(flow().invoke(["a", "b", "c"], run.config)));
    run.noteState(await flow().getState(run.config));
    broken = false;
    run.note(await flow().invoke(null, run.config));
    run.note([...ran]);
    return flow;
  },
  "tasks with retries and a cache": async (run) => {
    const ran: string[] = [];
    const cache = new InMemoryCache();
    const flow = () => stubborn(run.nextSaver(), cache, ran);
    for (const n of [1, 3, 1]) run.note(await flow().invoke(n, run.config));
    run.note(ran);
    return flow;
  },
});
