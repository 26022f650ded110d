import { type CheckpointKey, checkpointName } from "../config/ids.js";
import type { CheckpointSummary, RemovedCheckpoint } from "../store/thread-store.js";

/** Which checkpoints may go. */
export interface RetentionRule {
  /** How many of the newest checkpoints of each independent graph stay. */
  readonly keepLast: number;
  /** Others stay until this age, in milliseconds. */
  readonly maxAgeMs: number;
}

/** What becomes of the checkpoints that do not stay, in the order of their commits. */
export interface RetentionPlan {
  readonly remove: readonly RemovedCheckpoint[];
  /**
   * Hidden but kept, because a delta channel of a checkpoint that stays is rebuilt from their writes. They are not shown, because their own ancestors may be
   * gone.
   */
  readonly hide: readonly CheckpointKey[];
}

/**
 * What a rule leaves of a thread (contract C-52). A checkpoint stays if
 * - it is one of the newest of its graph, or younger than the rule's age;
 * - it is the outcome of a run that has an idempotency key: the same key gives it again;
 * - it ends a branch and has pending writes: an interrupt waits there, or a run crashed there;
 * - it belongs to a subgraph, and continuing or replaying a checkpoint that stays would read it.
 *
 * @param summaries all checkpoints of the thread, in the order of their commits.
 */
export function planRetention(summaries: readonly CheckpointSummary[], { keepLast, maxAgeMs }: RetentionRule): RetentionPlan {
  const thread = new ThreadShape(summaries);
  const kept = new Set<CheckpointSummary>();
  for (const members of thread.independent.values()) {
    for (const each of members.slice(-keepLast)) kept.add(each);
    for (const each of members) if (each.ageMs < maxAgeMs || each.isOutcome || thread.isOpenEnd(each)) kept.add(each);
  }
  // What is kept of a subgraph may have subgraphs of its own.
  for (let before = -1; before < kept.size; ) {
    before = kept.size;
    for (const [namespace, members] of thread.bound) keepOfSubgraph(thread, namespace, members, kept, keepLast);
  }
  return planFor(thread, summaries, kept);
}

/**
 * What remains of a thread without certain runs (contract C-55).
 *
 * @param summaries all checkpoints of the thread, in the order of their commits.
 */
export function planWithoutRuns(summaries: readonly CheckpointSummary[], runIds: ReadonlySet<string>): RetentionPlan {
  return planWithout(summaries, ({ runId }) => runId !== undefined && runIds.has(runId));
}

/** The same for what was made under leases (contract C-99). */
export function planWithoutLeases(summaries: readonly CheckpointSummary[], counts: readonly string[]): RetentionPlan {
  return planWithout(summaries, ({ lease }) => lease !== undefined && counts.includes(lease));
}

function planWithout(summaries: readonly CheckpointSummary[], isGone: (summary: CheckpointSummary) => boolean): RetentionPlan {
  const kept = new Set(summaries.filter((each) => !isGone(each) && !each.isHidden));
  return planFor(new ThreadShape(summaries), summaries, kept);
}

function planFor(
  thread: ThreadShape,
  summaries: readonly CheckpointSummary[],
  kept: ReadonlySet<CheckpointSummary>,
): RetentionPlan {
  const needed = new Set<CheckpointSummary>(orderingOrigins(thread, kept));
  for (const each of kept) for (const ancestor of thread.deltaAncestors(each)) needed.add(ancestor);
  for (const witness of thread.deltaWitnesses(kept, needed)) needed.add(witness);
  const others = summaries.filter((each) => !kept.has(each));
  return {
    remove: others.filter((each) => !needed.has(each)).map((each) => ({ ...keyOf(each), hasWrites: each.hasWrites })),
    hide: others.filter((each) => needed.has(each) && !each.isHidden).map(keyOf),
  };
}

function keyOf({ namespace, checkpointId }: CheckpointKey): CheckpointKey {
  return { namespace, checkpointId };
}

/**
 * A subgraph that ran on a checkpoint that stays is resumed from its newest checkpoint there. A stateful subgraph is also read by the next run, and, when an
 * older checkpoint of the graph around it is replayed, as it was before that checkpoint.
 */
function keepOfSubgraph(
  thread: ThreadShape,
  namespace: string,
  members: readonly CheckpointSummary[],
  kept: Set<CheckpointSummary>,
  keepLast: number,
): void {
  const newest = new Map<string, CheckpointSummary>();
  for (const each of members) {
    const origins = thread.originsOf(each);
    if (origins.some((origin) => origin === undefined || !kept.has(origin))) continue;
    newest.set(JSON.stringify(each.origins), each);
    if (thread.isOpenEnd(each)) kept.add(each);
  }
  for (const each of newest.values()) kept.add(each);
  if (belongsToOneTask(namespace)) return;
  for (const each of members.slice(-keepLast)) kept.add(each);
  for (const around of new Set(members.flatMap((each) => Object.keys(each.origins)))) {
    const made = members.map((each, rank) => ({ rank, place: thread.placeIn(around, each) })).sort((a, b) => a.place - b.place);
    let newestBefore = -1;
    let next = 0;
    for (const base of thread.members(around)) {
      for (; (made[next]?.place ?? Number.POSITIVE_INFINITY) < thread.place(base); next += 1) {
        newestBefore = Math.max(newestBefore, made[next]?.rank ?? -1);
      }
      const before = kept.has(base) ? members[newestBefore] : undefined;
      if (before !== undefined) kept.add(before);
    }
  }
}

/**
 * LangGraph calls the namespace of a subgraph `node:task` for one call of it, and `node` where it remembers from run to run; segments are joined by `|`.
 */
function belongsToOneTask(namespace: string): boolean {
  return namespace.includes(":");
}

/** How the checkpoints of a thread are related. */
class ThreadShape {
  /** By namespace, the checkpoints that name no graph around them. */
  readonly independent = new Map<string, CheckpointSummary[]>();
  /** By namespace, the checkpoints of subgraphs; those of outer graphs first. */
  readonly bound: ReadonlyMap<string, readonly CheckpointSummary[]>;
  readonly #byKey = new Map<string, CheckpointSummary>();
  readonly #places = new Map<CheckpointSummary, number>();
  readonly #parents = new Set<CheckpointSummary>();
  readonly #deltaChannels = new Map<string, Set<string>>();

  constructor(summaries: readonly CheckpointSummary[]) {
    const bound = new Map<string, CheckpointSummary[]>();
    for (const [place, each] of summaries.entries()) {
      this.#byKey.set(checkpointName(each), each);
      this.#places.set(each, place);
      const parent = this.#parentOf(each);
      if (parent !== undefined) this.#parents.add(parent);
      const deltas = this.#deltaChannels.get(each.namespace) ?? new Set();
      for (const channel of [...each.snapshots, ...each.moved]) deltas.add(channel);
      this.#deltaChannels.set(each.namespace, deltas);
      if (each.isHidden) continue;
      const group = Object.keys(each.origins).length === 0 ? this.independent : bound;
      const members = group.get(each.namespace);
      if (members === undefined) group.set(each.namespace, [each]);
      else members.push(each);
    }
    const depth = ([first]: readonly CheckpointSummary[]): number => Object.keys(first?.origins ?? {}).length;
    this.bound = new Map([...bound].sort(([, a], [, b]) => depth(a) - depth(b)));
  }

  place(each: CheckpointSummary): number {
    return this.#places.get(each) as number;
  }

  /** The place of a subgraph's checkpoint among those of a graph around it: the place of the one that it ran on (contract C-22). */
  placeIn(around: string, each: CheckpointSummary): number {
    return this.place(this.originIn(around, each) ?? each);
  }

  /** The checkpoints of a graph that a run can continue from, in the order of their commits. */
  members(namespace: string): readonly CheckpointSummary[] {
    const [alone, inGraphs] = [this.independent.get(namespace) ?? [], this.bound.get(namespace) ?? []];
    if (inGraphs.length === 0 || alone.length === 0) return alone.length === 0 ? inGraphs : alone;
    return [...alone, ...inGraphs].sort((a, b) => this.place(a) - this.place(b));
  }

  originsOf(each: CheckpointSummary): (CheckpointSummary | undefined)[] {
    return Object.keys(each.origins).map((around) => this.originIn(around, each));
  }

  originIn(around: string, each: CheckpointSummary): CheckpointSummary | undefined {
    const id = Object.hasOwn(each.origins, around) ? each.origins[around] : undefined;
    return id === undefined ? undefined : this.#byKey.get(checkpointName({ namespace: around, checkpointId: id }));
  }

  /** The parent, if it was committed earlier, so that a loop of parents in damaged data ends. */
  #parentOf(each: CheckpointSummary): CheckpointSummary | undefined {
    const parent =
      each.parentId === undefined ? undefined : this.#byKey.get(checkpointName({ ...each, checkpointId: each.parentId }));
    return parent !== undefined && this.place(parent) < this.place(each) ? parent : undefined;
  }

  isOpenEnd(each: CheckpointSummary): boolean {
    return each.hasWrites && !this.#parents.has(each);
  }

  /**
   * The ancestors that a checkpoint's delta channels are rebuilt from, back to where each has had a snapshot.
   *
   * All checkpoints of the namespace together tell which channels are delta channels, because one made by `updateState` does not count them.
   */
  *deltaAncestors(each: CheckpointSummary): Generator<CheckpointSummary> {
    if (this.#deltaChannels.get(each.namespace)?.size === 0) return yield* this.#updatesBelow(each);
    const missing = new Set(this.#deltaChannels.get(each.namespace));
    for (let at: CheckpointSummary | undefined = each; at !== undefined; at = this.#parentOf(at)) {
      if (at !== each) yield at;
      for (const channel of at.snapshots) missing.delete(channel);
      if (missing.size === 0) return;
    }
  }

  /** Before the first run, nothing tells of delta channels: keeps all updates, each of which may have written to one. */
  *#updatesBelow(each: CheckpointSummary): Generator<CheckpointSummary> {
    const branch = [each];
    for (let at = this.#parentOf(each); at !== undefined; at = this.#parentOf(at)) branch.push(at);
    if (branch.every(({ isUpdate }) => isUpdate)) yield* branch.slice(1);
  }

  /** If ancestors are needed: for each delta channel that no remaining checkpoint would mention, the newest checkpoint that does. */
  *deltaWitnesses(kept: ReadonlySet<CheckpointSummary>, needed: ReadonlySet<CheckpointSummary>): Generator<CheckpointSummary> {
    const untold = new Map([...needed].map(({ namespace }) => [namespace, new Set(this.#deltaChannels.get(namespace))]));
    const tell = ({ namespace, snapshots, moved }: CheckpointSummary): boolean =>
      [...snapshots, ...moved].filter((channel) => untold.get(namespace)?.delete(channel)).length > 0;
    for (const each of [...kept, ...needed]) tell(each);
    for (const each of [...this.#places.keys()].reverse()) if (tell(each)) yield each;
  }
}

/**
 * The checkpoints that kept checkpoints of subgraphs ran on, if without them the order among those of the graph around them would change (contract C-22).
 */
function* orderingOrigins(thread: ThreadShape, kept: ReadonlySet<CheckpointSummary>): Generator<CheckpointSummary> {
  const placesIn = new Map<string, number[]>();
  for (const each of kept) {
    const places = placesIn.get(each.namespace);
    if (places === undefined) placesIn.set(each.namespace, [thread.place(each)]);
    else places.push(thread.place(each));
  }
  for (const each of kept) {
    for (const around of Object.keys(each.origins)) {
      const [own, made] = [thread.place(each), thread.placeIn(around, each)];
      const isBetween = (place: number): boolean => own < place !== made < place;
      const origin = thread.originIn(around, each);
      if (origin !== undefined && !kept.has(origin) && (placesIn.get(around) ?? []).some(isBetween)) yield origin;
    }
  }
}
