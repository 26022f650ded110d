// One file: all steps of a random program, so that their odds can be weighed against each other.
import { integerOf, type Random } from "../seeded.js";
import { type GraphAction, graphActions, isGraphThread } from "./graph-motifs.js";
import type { ServerFault } from "./server-faults.js";

/** What befalls a process, its network, or all connections to the store. */
export type Fault =
  | "cut"
  | "lose an answer"
  | "strand"
  | "deliver"
  | "partition"
  | "heal"
  | "kill"
  | "freeze"
  | "thaw"
  | "terminate";

/** What a process does. A run is what it has read of a thread and goes on from: it knows nothing of what others do to the thread meanwhile. */
export type Action =
  | GraphAction
  | { readonly do: "begin a run"; readonly thread: string; readonly run: number }
  | { readonly do: "put" | "put again" | "put with writes at once"; readonly thread: string }
  | { readonly do: "put in subgraph"; readonly thread: string; readonly isNew: boolean }
  | { readonly do: "write"; readonly thread: string; readonly task: number; readonly isSpecial: boolean }
  | { readonly do: "read"; readonly thread: string; readonly which?: number }
  | { readonly do: "list"; readonly thread?: string }
  | { readonly do: "list threads" | "sweep" | "reopen" }
  | { readonly do: "delete"; readonly thread: string; readonly isFenced: boolean }
  | { readonly do: "prune"; readonly thread: string; readonly keepLast: number }
  | { readonly do: "delete runs"; readonly run: number }
  | { readonly do: "copy"; readonly thread: string; readonly to: string }
  | { readonly do: "acquire"; readonly thread: string; readonly ttlMs: number; readonly interrupts?: true }
  | { readonly do: "release"; readonly thread: string };

/** `waits`: the next step begins when this one is over; else at its side. What one process does to one thread, it does in turn. */
export interface Step {
  readonly by: number;
  readonly waits: boolean;
  readonly action: Action | { readonly do: Fault } | ServerFault;
}

/** How one process is set. */
export interface SaverSetting {
  readonly cacheBytes?: number;
  readonly onConflict?: "fork" | "reject";
  readonly connections?: number;
  /** How far the clock of its process is off. Default 0. */
  readonly clockOffsetMs?: number;
  /** How long it tries again. Default: three times as long as it waits for an answer. */
  readonly retryForMs?: number;
}

/** What all programs of a session have in common. */
export interface Setting {
  readonly savers: readonly SaverSetting[];
  readonly hasFallback: boolean;
}

/** Runs have one of so many labels. */
const RUNS = 3;

export function randomSetting(random: Random): Setting {
  const one = <Value>(...values: Value[]): Value => values[integerOf(random, 0, values.length - 1)] as Value;
  const rejects = one(false, false, true);
  const savers = Array.from({ length: 3 }, () => ({
    ...one<SaverSetting>({}, {}, { cacheBytes: 0 }, { cacheBytes: 20_000 }),
    ...(rejects && { onConflict: "reject" as const }),
    connections: one(1, 3),
  }));
  return { savers, hasFallback: one(true, false, false) };
}

/** The threads that a program may change. */
export function threadsOf(steps: readonly Step[]): string[] {
  const named = steps.flatMap(({ action }) => [
    ...("thread" in action && action.thread !== undefined ? [action.thread] : []),
    ...("to" in action ? [action.to] : []),
  ]);
  return [...new Set([...named, "old"])];
}

/**
 * Some ten motifs, one after the other, or into each other. With a fallback nothing is swept, nor are runs deleted: where that leaves nothing of a thread, the
 * old store's copy shows again (docs/operate/retention.md).
 */
export function randomProgram(random: Random, { savers, hasFallback }: Setting, faults: ReadonlySet<Fault>): Step[] {
  const processes = savers.length;
  const chance = (probability: number): boolean => random() < probability;
  const one = <Value>(values: readonly Value[]): Value => values[integerOf(random, 0, values.length - 1)] as Value;
  const process = (): number => integerOf(random, 0, processes - 1);
  const other = (by: number): number => (by + integerOf(random, 1, processes - 1)) % processes;
  const thread = (): string => one(["a", "a", "a", "a", "b", "old", "g", "g", "h"]);
  const copyOf = (on: string): string => (isGraphThread(on) ? "i" : one(["b", "c", "d"]));
  const put = (on: string): Action => (isGraphThread(on) ? graphActions(random, on, RUNS).turn() : { do: "put", thread: on });

  const deletesRun = (): Action => ({ do: "delete runs", run: integerOf(random, 0, RUNS - 1) });
  const step = (by: number, action: Step["action"], waits = true): Step => ({ by, waits, action });
  const change = (on: string, by: number): Action => {
    const run = integerOf(random, 0, RUNS - 1);
    const byHand: (() => Action)[] = [
      () => ({ do: "put", thread: on }),
      () => ({ do: "put with writes at once", thread: on }),
      () => ({ do: "put again", thread: on }),
      () => ({ do: "put in subgraph", thread: on, isNew: chance(0.5) }),
      () => ({ do: "put in subgraph", thread: on, isNew: chance(0.5) }),
      () => ({ do: "write", thread: on, task: integerOf(random, 0, 1), isSpecial: chance(0.5) }),
      () => ({ do: "write", thread: on, task: by, isSpecial: chance(0.5) }),
    ];
    const { any } = graphActions(random, on, RUNS);
    return one<() => Action>([
      ...(isGraphThread(on) ? byHand.map(() => any) : byHand),
      () => put(on),
      () => ({ do: "delete", thread: on, isFenced: chance(0.3) }),
      () => ({ do: "prune", thread: on, keepLast: integerOf(random, 1, 3) }),
      () => (hasFallback ? put(on) : deletesRun()),
      () => ({ do: "copy", thread: on, to: copyOf(on) }),
      () => ({ do: "begin a run", thread: on, run }),
    ])();
  };
  const look = (on: string): Action =>
    one<Action>([
      ...(isGraphThread(on) ? ([{ do: "look at the state", thread: on }] as const) : []),
      { do: "read", thread: on },
      { do: "read", thread: on, which: integerOf(random, 0, 5) },
      { do: "list", thread: on },
      { do: "list" },
      { do: "list threads" },
    ]);

  const turn = (by: number, on: string): Step[] => {
    if (!isGraphThread(on)) return turnByHand(by, on);
    return graphActions(random, on, RUNS)
      .conversation()
      .map((action, n) => step(n === 0 ? by : process(), action, chance(0.7)));
  };
  const turnByHand = (by: number, on: string): Step[] => [
    step(by, { do: "begin a run", thread: on, run: integerOf(random, 0, RUNS - 1) }),
    ...Array.from({ length: integerOf(random, 1, 3) }, () => step(by, { do: "put", thread: on }, chance(0.7))),
    step(by, { do: "write", thread: on, task: by, isSpecial: chance(0.5) }, chance(0.7)),
  ];
  const motifs: (() => Step[])[] = [
    () => turn(process(), thread()),
    // A run that goes on though somebody else has changed the thread.
    () => {
      const [by, on] = [process(), thread()];
      const third = other(by);
      return [...turn(by, on), step(third, change(on, third)), step(by, change(on, by)), step(process(), look(on))];
    },
    // At the side of each other.
    () => {
      const on = thread();
      return Array.from({ length: integerOf(random, 3, 6) }, () => {
        const by = process();
        return step(by, chance(0.7) ? change(on, by) : look(on), false);
      });
    },
    // A holder, one that wants to delete, and one that looks on.
    () => {
      const [by, on] = [process(), thread()];
      const ttlMs = integerOf(random, 60, 300);
      return [
        ...turn(by, on),
        step(by, { do: "acquire", thread: on, ttlMs }),
        ...[0, 1, 2].flatMap(() => [
          step(other(by), { do: "delete", thread: on, isFenced: false }, false),
          step(other(by), one<Action>([{ do: "list" }, { do: "list threads" }, ...(hasFallback ? [] : [deletesRun()])]), false),
        ]),
        step(by, change(on, by)),
        ...(chance(0.5)
          ? [step(by, { do: "release", thread: on })]
          : [step(other(by), { do: "acquire", thread: on, ttlMs }), step(by, change(on, by))]),
        ...(chance(0.5) ? [step(by, { do: "acquire", thread: on, ttlMs }), step(by, put(on))] : []),
      ];
    },
    // A run that goes on under a lease though its thread was deleted before, or is by itself.
    () => {
      const [by, on] = [process(), thread()];
      const acquire = step(by, { do: "acquire", thread: on, ttlMs: integerOf(random, 60, 300) });
      return [
        ...turn(by, on),
        ...(chance(0.5)
          ? [acquire, step(by, { do: "delete", thread: on, isFenced: true })]
          : [step(other(by), { do: "delete", thread: on, isFenced: false }), acquire]),
        step(by, change(on, by)),
        step(process(), look(on)),
      ];
    },
    // A holder whose run is overtaken, and goes on.
    () => {
      const [by, on] = [process(), thread()];
      const third = other(by);
      const ttlMs = integerOf(random, 200, 1_000);
      return [
        step(by, { do: "acquire", thread: on, ttlMs }),
        ...turn(by, on),
        step(by, change(on, by), false),
        step(third, { do: "acquire", thread: on, ttlMs, interrupts: true }),
        step(by, change(on, by), chance(0.5)),
        ...turn(third, on),
        step(by, chance(0.5) ? { do: "acquire", thread: on, ttlMs, interrupts: true } : put(on)),
        step(chance(0.5) ? third : by, { do: "release", thread: on }),
        step(process(), look(on)),
      ];
    },
    () => {
      const [by, on] = [process(), thread()];
      const to = copyOf(on);
      return [
        ...turn(by, on),
        step(other(by), { do: "copy", thread: on, to }, false),
        step(by, put(on), false),
        step(other(by), one<Action>([put(on), { do: "begin a run", thread: on, run: 0 }]), false),
        step(by, { do: "list", thread: to }),
      ];
    },
    () => {
      if (hasFallback) return [];
      const by = process();
      return [step(by, deletesRun(), false), step(other(by), { do: "delete", thread: thread(), isFenced: false }, false)];
    },
    () => [
      step(
        process(),
        one<Action>([
          ...(hasFallback ? [] : [{ do: "sweep" } as const]),
          { do: "reopen" },
          { do: "list" },
          { do: "list threads" },
        ]),
      ),
    ],
  ];
  // What a process does first, and arrives last.
  const lateAndNext = (on: string, by: number): readonly [Action, Action] => {
    if (isGraphThread(on)) return [change(on, by), change(on, by)];
    const write: Action = { do: "write", thread: on, task: 1, isSpecial: chance(0.7) };
    const again: Action = { do: "put again", thread: on };
    const deletion: Action = { do: "delete", thread: on, isFenced: false };
    const beginning: Action = { do: "begin a run", thread: on, run: 0 };
    const changes = [change(on, by), change(on, by)] as const;
    return one<readonly [Action, Action]>([[write, write], [put(on), again], [again, again], [deletion, beginning], changes]);
  };
  if (faults.has("strand")) {
    motifs.push(() => {
      const [by, on] = [process(), thread()];
      const [late, next] = lateAndNext(on, by);
      return [
        ...turn(by, on),
        step(by, { do: "strand" }),
        step(by, late),
        step(by, next),
        step(by, chance(0.5) ? put(on) : change(on, by)),
        step(by, { do: "deliver" }),
        step(process(), look(on)),
      ];
    });
  }
  // A fault, what it befalls, what others do meanwhile, and its end.
  const during = (begin: Fault, end: Fault | undefined, meanwhile: number): (() => Step[])[] =>
    faults.has(begin)
      ? [
          () => {
            const [by, on] = [process(), thread()];
            return [
              ...turn(by, on),
              step(by, { do: begin }),
              step(by, change(on, by), begin === "strand" || (begin === "partition" && chance(0.5))),
              ...Array.from({ length: integerOf(random, 0, meanwhile) }, () => {
                const third = other(by);
                return step(third, change(on, third), chance(0.8));
              }),
              ...(end === undefined ? [] : [step(by, { do: end })]),
              step(process(), look(on)),
            ];
          },
        ]
      : [];
  motifs.push(
    ...during("strand", "deliver", 2),
    ...during("strand", "deliver", 2),
    ...during("strand", "deliver", 2),
    ...during("lose an answer", undefined, 1),
    ...during("lose an answer", undefined, 1),
    ...during("partition", "heal", 2),
    ...during("cut", undefined, 1),
    ...during("freeze", "thaw", 3),
    ...during("terminate", undefined, 1),
  );
  // A thread of the old store that is copied, and changed, while it is taken over.
  if (hasFallback) {
    motifs.push(() => {
      const [by, to] = [process(), one(["b", "c", "d"])];
      const third = other(by);
      return [
        step(by, change("old", by), false),
        step(third, chance(0.5) ? { do: "copy", thread: "old", to } : change("old", third), false),
        step(third, { do: "copy", thread: "old", to }, false),
        step(by, { do: "list", thread: to }),
      ];
    });
  }
  if (faults.has("kill")) {
    motifs.push(() => {
      const [by, on] = [process(), thread()];
      return [...turn(by, on), step(by, change(on, by), false), step(by, { do: "kill" }), ...turn(other(by), on)];
    });
  }
  return Array.from({ length: integerOf(random, 5, 9) }, () => one(motifs)()).flat();
}

/** One line a step; `&` behind what the next step does not wait for. */
export function programText(steps: readonly Step[], { savers, hasFallback }: Setting): string {
  const settings = savers.map((saver, by) => `process ${by}: ${JSON.stringify(saver)}`);
  if (hasFallback) settings.push("all with a fallback, which has the thread old");
  return [
    ...settings,
    ...steps.map(({ by, waits, action: { do: name, ...more } }) => {
      const details = Object.entries(more).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
      return `process ${by}: ${[name, ...details].join(", ")}${waits ? "" : " &"}`;
    }),
  ].join("\n");
}
