import { entrypoint, getPreviousState, interrupt, task } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

/** A workflow of the functional API: tasks at once, a question to a human, and a sum that the next call sees. */
export function workflow(checkpointer: BaseCheckpointSaver, onTask: (n: number) => void) {
  const square = task("square", async (n: number) => {
    onTask(n);
    return { n, squared: n * n };
  });
  return entrypoint({ name: "sum of squares", checkpointer }, async (numbers: number[]) => {
    const previous = getPreviousState<{ sum: number }>() ?? { sum: 0 };
    const squares = await Promise.all(numbers.map((n) => square(n)));
    const factor: number = interrupt({ question: "times?", squares });
    const last = await square(factor);
    const sum = squares.reduce((all, each) => all + each.squared * factor, previous.sum);
    return entrypoint.final({ value: { sum, last, squares }, save: { sum } });
  });
}
