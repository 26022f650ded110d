import { integerOf, type Random } from "../seeded.js";

type Durability = "sync" | "async" | "exit";

/** What a process does with a real graph. */
export type GraphAction =
  | {
      readonly do: "run a graph";
      readonly thread: string;
      readonly run: number;
      readonly durability: Durability;
      readonly asks: number;
      readonly pieces: number;
      /** Forks there. Default: goes on from the latest checkpoint. */
      readonly which?: number;
    }
  | {
      readonly do: "resume";
      readonly thread: string;
      readonly run: number;
      readonly durability: Durability;
      /** How many questions are answered at most. */
      readonly answers: number;
    }
  | { readonly do: "update the state"; readonly thread: string; readonly run: number; readonly which?: number }
  | { readonly do: "look at the state"; readonly thread: string; readonly which?: number };

/** Threads of their own: a graph does not go on from what was put by hand. */
const GRAPH_THREADS: readonly string[] = ["g", "h", "i"];

export function isGraphThread(thread: string): boolean {
  return GRAPH_THREADS.includes(thread);
}

interface GraphActions {
  readonly turn: () => GraphAction;
  readonly any: () => GraphAction;
  /** A turn, and what may come after it. */
  readonly conversation: () => GraphAction[];
}

/** Random actions on a thread; runs have one of so many labels. */
export function graphActions(random: Random, thread: string, runs: number): GraphActions {
  const one = <Value>(...values: Value[]): Value => values[integerOf(random, 0, values.length - 1)] as Value;
  const run = (): number => integerOf(random, 0, runs - 1);
  const durability = (): Durability => one("sync", "async", "async", "exit");
  const turn = (): Extract<GraphAction, { readonly do: "run a graph" }> => ({
    do: "run a graph",
    thread,
    run: run(),
    durability: durability(),
    asks: one(0, 0, 1, 3, 7, integerOf(random, 0, 7)),
    pieces: integerOf(random, 0, 3),
  });
  const resume = (): GraphAction => ({ do: "resume", thread, run: run(), durability: durability(), answers: one(1, 2, 9, 9) });
  const which = (): number => integerOf(random, 0, 20);
  const any = (): GraphAction =>
    one(
      turn,
      turn,
      resume,
      resume,
      (): GraphAction => ({ ...turn(), which: which() }),
      (): GraphAction => ({ do: "update the state", thread, run: run(), ...(random() < 0.6 && { which: which() }) }),
      (): GraphAction => ({ do: "look at the state", thread, ...(random() < 0.5 && { which: which() }) }),
    )();
  const conversation = (): GraphAction[] => [
    turn(),
    ...(random() < 0.5 ? [resume(), resume()] : []),
    ...(random() < 0.5 ? [any()] : []),
  ];
  return { turn, any, conversation };
}
