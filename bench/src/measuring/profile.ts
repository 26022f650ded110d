import type { Profiler } from "node:inspector";
import { Session } from "node:inspector/promises";
import type { Table } from "../report/table.js";

/** When measured work was done: all contenders run in one process, so it is by its time that a sample is one contender's. */
interface Span {
  readonly name: string;
  /** Microseconds of the monotonic clock, which the profiler uses, too. */
  readonly from: number;
  readonly to: number;
}

type CallFrame = Profiler.ProfileNode["callFrame"];

/** How often the profiler looks, in microseconds. */
const SAMPLING_INTERVAL_US = 250;
const MOST_PACKAGES = 10;
const MOST_FUNCTIONS = 15;

/** There is one profiler in a process, so there is one profile. */
let spans: Span[] | undefined;

/**
 * Profiles the main thread of this process from now on.
 *
 * @returns ends it, and gives a table for each contender of what its measured work spent its time on.
 */
export async function startProfile(): Promise<() => Promise<readonly Table[]>> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: SAMPLING_INTERVAL_US });
  await session.post("Profiler.start");
  const measured: Span[] = [];
  spans = measured;
  return async () => {
    spans = undefined;
    const { profile } = await session.post("Profiler.stop");
    session.disconnect();
    return tablesOf(profile, measured);
  };
}

/** Does measured work; what it spends its time on counts for `name`, if this process is profiled. */
export async function profiled<T>(name: string, work: () => Promise<T>): Promise<T> {
  if (spans === undefined) return work();
  const from = now();
  try {
    return await work();
  } finally {
    spans.push({ name, from, to: now() });
  }
}

function now(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

/** A table for each contender, of the samples that were taken while it was at work. */
export function tablesOf(
  { nodes, startTime, samples = [], timeDeltas = [] }: Profiler.Profile,
  measured: readonly Span[],
): Table[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const byName = new Map<string, Map<CallFrame, number>>();
  const inOrder = [...measured].sort((a, b) => a.from - b.from);
  let [time, at] = [startTime, 0];
  for (const [n, id] of samples.entries()) {
    const delta = timeDeltas[n] ?? 0;
    time += delta;
    while (at < inOrder.length && (inOrder[at] as Span).to < time) at += 1;
    const span = inOrder[at];
    const frame = frames.get(id);
    if (span === undefined || frame === undefined || time < span.from) continue;
    const times = byName.get(span.name) ?? new Map<CallFrame, number>();
    add(times, frame, delta);
    byName.set(span.name, times);
  }
  return Array.from(byName, ([name, times]) => tableOf(name, times));
}

function tableOf(name: string, times: ReadonlyMap<CallFrame, number>): Table {
  const [packages, functions] = [new Map<string, number>(), new Map<string, number>()];
  let [busy, idle] = [0, 0];
  for (const [frame, us] of times) {
    if (frame.functionName === "(idle)") {
      idle += us;
      continue;
    }
    busy += us;
    const owner = ownerOf(frame);
    add(packages, owner, us);
    const label = isNative(frame) ? frame.functionName : `\`${frame.functionName || "(anonymous)"}\` of ${owner}`;
    add(functions, label, us);
  }
  const share = (us: number): string => `${((100 * us) / busy).toFixed(1)} %`;
  const top = (from: ReadonlyMap<string, number>, most: number): [string, string][] =>
    Array.from(from)
      .sort(([, a], [, b]) => b - a)
      .slice(0, most)
      .map(([label, us]) => [label, share(us)]);
  return {
    title: `Profile of ${name}`,
    note: `Self time of the main thread in all measured rounds together: busy for ${(busy / 1_000).toFixed(0)} ms, waiting for ${(idle / 1_000).toFixed(0)} ms.`,
    columns: ["package, then function", "share of busy"],
    rows: [...top(packages, MOST_PACKAGES), ["", ""], ...top(functions, MOST_FUNCTIONS)],
  };
}

function add<Key>(times: Map<Key, number>, key: Key, us: number): void {
  times.set(key, (times.get(key) ?? 0) + us);
}

function isNative({ functionName, url }: CallFrame): boolean {
  return url === "" && functionName.startsWith("(");
}

/** The package that a function is of; of Node's own, the module. */
function ownerOf(frame: CallFrame): string {
  const { functionName, url } = frame;
  if (isNative(frame)) return functionName;
  if (url === "") return "V8 and C++";
  if (url.startsWith("node:")) return url.split("/").slice(0, 2).join("/");
  const installed = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  return installed ?? /\/(?:packages\/([^/]+)|(bench))\//.exec(url)?.slice(1).find(Boolean) ?? url;
}
