import { randomUUID } from "node:crypto";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { type Feature, installed } from "./installed.js";
import { type SpawnedProcessOptions, SpawnedSaver } from "./spawned-saver.js";
import { type Capability, type ConformanceTarget, type OpenOptions, type Spawn, supportOf } from "./target.js";

/** A part of the target that a case cannot do without. */
export type Hook = "inspect" | "roundTrips" | "lifecycle" | "errors" | "spawn" | "interrupt";

/** What a case needs; where the target lacks it, the case is skipped and the reason printed. */
export interface CaseOptions {
  readonly requires?: readonly Capability[];
  readonly hooks?: readonly Hook[];
  /** A saver that can do this refuses calls of the case: then it needs `errors`, to be told from one that fails. */
  readonly errorsFor?: Capability;
  /** What it needs of LangGraph. An older one lacks it, whatever the saver. */
  readonly feature?: Feature;
  /** Milliseconds until the case counts as hanging. Default: what the runner says. */
  readonly timeout?: number;
}

/** What a running case works with. */
export interface CaseContext {
  readonly target: ConformanceTarget;
  /** The saver of this case. */
  readonly saver: BaseCheckpointSaver;
  /** Another saver on the same store, closed when the case ends. */
  open(options?: OpenOptions): Promise<BaseCheckpointSaver>;
  /** Closes a saver that the case has opened, before the case ends. */
  close(saver: BaseCheckpointSaver): Promise<void>;
  /** Closes this saver when the case ends. */
  closeLater(saver: BaseCheckpointSaver): void;
  /** A saver on the same store in another process, which ends with the case. The case has declared that it needs `spawn`. */
  spawn(options?: SpawnedProcessOptions): Promise<SpawnedSaver>;
  /** So many processes, each with a saver on one new store that nobody has set up. */
  spawnOnEmptyStore(count: number): Promise<readonly SpawnedSaver[]>;
  /** A thread id that nothing else uses; it ends with `suffix`. */
  thread(suffix?: string): string;
}

/** One promise of the contract, checked. */
export interface ConformanceCase {
  /** Starts with the rules it checks, e.g. `C-35 a fork keeps its own values`. */
  readonly title: string;
  readonly options: CaseOptions;
  run(context: CaseContext): Promise<void>;
}

/** The cases of one topic. */
export interface ConformanceSuite {
  readonly name: string;
  readonly cases: readonly ConformanceCase[];
}

type Run = ConformanceCase["run"];

/** Adds a case to a suite. */
export interface AddCase {
  (title: string, run: Run): void;
  (title: string, options: CaseOptions, run: Run): void;
}

/** Collects the cases of one topic, as data: a runner registers them, and a test of the suite itself runs them one by one. */
export function defineSuite(name: string, define: (it: AddCase) => void): ConformanceSuite {
  const cases: ConformanceCase[] = [];
  define((title: string, ...rest: [Run] | [CaseOptions, Run]) => {
    const [options, run] = rest.length === 1 ? [{}, rest[0]] : rest;
    if (!/^C-\d\d /.test(title)) throw new Error(`A case starts with the rule it checks: "${title}"`);
    cases.push({ title, options, run });
  });
  return { name, cases };
}

/** The rules that a case checks, as its title names them. */
export function rulesOf(title: string): readonly string[] {
  return /^(?:C-\d+\s+)+/.exec(title)?.[0].trim().split(/\s+/) ?? [];
}

/** Why the installed LangGraph leaves this case out; undefined when it has what the case is about. */
export function leftOut({ options: { feature } }: ConformanceCase): string | undefined {
  return feature === undefined || installed[feature] ? undefined : `the installed LangGraph has no ${feature}`;
}

/** Why `target` cannot run this case; undefined when it can. */
export function whyNot(target: ConformanceTarget, conformanceCase: ConformanceCase): string | undefined {
  const { options } = conformanceCase;
  const lacks = (capability: Capability): string | undefined => {
    const support = supportOf(target, capability);
    return support === true ? undefined : `${capability}: ${support.no}`;
  };
  const lacking = options.requires?.map(lacks).find((reason) => reason !== undefined);
  if (lacking !== undefined) return lacking;
  const refuses = options.errorsFor !== undefined && lacks(options.errorsFor) === undefined;
  const hooks: readonly Hook[] = [...(options.hooks ?? []), ...(refuses ? (["errors"] as const) : [])];
  const missing = hooks.find((hook) => target[hook] === undefined);
  return missing === undefined ? leftOut(conformanceCase) : `the target has no ${missing}`;
}

/** A case that has not ended in time. What it still does is left alone. */
export class HangingCaseError extends Error {
  override readonly name = "HangingCaseError";
}

async function within<T>(milliseconds: number | undefined, what: string, work: Promise<T>): Promise<T> {
  if (milliseconds === undefined) return work;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new HangingCaseError(`${what} after ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** How {@link runCase} runs a case. */
export interface RunCaseOptions {
  /** Milliseconds until the case is given up with a {@link HangingCaseError}. Default: never, as test runners see to it. */
  readonly timeout?: number;
}

/**
 * Runs one case with savers of its own, and closes them, also when it hangs. Rejects when the saver breaks the rule.
 */
export async function runCase(
  target: ConformanceTarget,
  conformanceCase: ConformanceCase,
  { timeout }: RunCaseOptions = {},
): Promise<void> {
  const opened = new Set<BaseCheckpointSaver>();
  const spawned: SpawnedSaver[] = [];
  const open = async (options?: OpenOptions): Promise<BaseCheckpointSaver> => {
    const saver = await target.open(options);
    opened.add(saver);
    return saver;
  };
  const spawnFrom = async (onEmptyStore: boolean): Promise<Spawn> => {
    if (target.spawn === undefined) throw new Error("The target has no spawn: a case that needs it says so.");
    return target.spawn({ onEmptyStore });
  };
  const work = async (): Promise<void> => {
    const saver = await open();
    const start = async (spawn: Spawn, options?: SpawnedProcessOptions): Promise<SpawnedSaver> => {
      const other = await SpawnedSaver.start(spawn, saver, options);
      spawned.push(other);
      return other;
    };
    return conformanceCase.run({
      target,
      saver,
      spawn: async (options) => start(await spawnFrom(false), options),
      spawnOnEmptyStore: async (count) => {
        const spawn = await spawnFrom(true);
        return Promise.all(Array.from({ length: count }, () => start(spawn)));
      },
      open,
      close: async (saver) => {
        opened.delete(saver);
        await target.close(saver);
      },
      closeLater: (saver) => void opened.add(saver),
      thread: (suffix = "thread") => `${randomUUID()}-${suffix}`,
    });
  };
  const close = (): Promise<unknown> =>
    Promise.all([...[...opened].map((saver) => target.close(saver)), ...spawned.map((saver) => saver.kill())]);
  try {
    await within(timeout, "the case has not ended", work());
  } catch (error) {
    // What the case found says more than what closing its savers does.
    await within(timeout, "closing the savers has not ended", close()).catch(() => undefined);
    throw error;
  }
  await within(timeout, "closing the savers has not ended", close());
}
