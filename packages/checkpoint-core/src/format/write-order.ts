/**
 * Where a batch of pending writes stands among the others of its checkpoint (contract C-42 and C-44).
 *
 * LangGraph 1.7 gives the path of the task, which may be empty. LangGraph 1.4 gives none: then the number of the call counts.
 */
export type WritePlace =
  | { readonly taskPath: string; readonly call?: undefined }
  | { readonly taskPath?: undefined; readonly call: bigint };

/** A write, as far as its order depends on it. */
export interface PlacedWrite {
  readonly taskId: string;
  /** The number that upstream's savers give it: its position in its batch, or that of its special channel. */
  readonly index: number;
  readonly place: WritePlace;
}

/** A call's number has so many bits, below the number of its process. */
export const CALL_BITS = 32n;
/**
 * The order of calls: as they arrived, but those of one process in the order in which it made them. Parallel tasks finish in one order, and the network
 * delivers them in another.
 *
 * @param arrivals the arrival of each call.
 */
export function callRanks(arrivals: ReadonlyMap<bigint, bigint>): ReadonlyMap<bigint, number> {
  const arrived = [...arrivals.keys()].sort((a, b) => compareNumbers(arrivals.get(a) as bigint, arrivals.get(b) as bigint));
  const made = new Map<bigint, bigint[]>();
  for (const call of [...arrived].sort(compareNumbers)) {
    const ofProcess = made.get(call >> CALL_BITS);
    if (ofProcess === undefined) made.set(call >> CALL_BITS, [call]);
    else ofProcess.push(call);
  }
  // The n-th of the process' arrivals is the place of its n-th call.
  return new Map(arrived.map((call, rank) => [made.get(call >> CALL_BITS)?.shift() ?? call, rank]));
}

/**
 * The path of an imported batch whose saver tells the order of writes, but not their paths. It sorts behind the empty path and before every path of
 * LangGraph, which begin with `~`.
 */
export function importedPath(position: number): string {
  return `${IMPORTED}${String(position).padStart(10, "0")}`;
}

const IMPORTED = "imported, ";

/**
 * Compares writes as LangGraph 1.7 applies them: by path, task id and index, strings by code point. A write without a path counts as one with an empty
 * path, as in `writesSortKey` of checkpoint 1.2; LangGraph 1.4 applies its writes by task id.
 */
export function taskOrder<Write extends PlacedWrite>(writes: readonly Write[]): (a: Write, b: Write) => number {
  // A task that was imported in the middle of its superstep goes on with its real path; it keeps the place that it had.
  const imported = new Map<string, string>();
  for (const { taskId, place } of writes) {
    const path = place.taskPath;
    if (path === undefined || !isImported(path)) continue;
    const task = withoutStep(taskId);
    const known = imported.get(task);
    if (known === undefined || path < known) imported.set(task, path);
  }
  const pathOf = ({ taskId, place: { taskPath: path = "" } }: Write): string =>
    isImported(path) ? path : (imported.get(withoutStep(taskId)) ?? path);
  return (a, b) => compareText(pathOf(a), pathOf(b)) || compareText(a.taskId, b.taskId) || a.index - b.index;
}

const UUID_LENGTH = 36;

/** With durability "exit", LangGraph writes the step over the first eight digits of a task's id. */
function withoutStep(taskId: string): string {
  return taskId.length === UUID_LENGTH ? taskId.slice(8) : taskId;
}

function isImported(path: string): boolean {
  return path.startsWith(IMPORTED);
}

function compareNumbers(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** By Unicode code point, as UTF-8 bytes compare; `<` compares UTF-16 units, which differ above U+FFFF. */
function compareText(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a, "utf8"), Buffer.from(b, "utf8"));
}
