import type { Copy, Delete, DeleteRuns, History, List, Operation, Prune, Put, Read, Seen, Write } from "./history.js";
import { mayBeRepeated } from "./history.js";

/** A checkpoint id in its thread and namespace. */
export interface Place {
  readonly thread: string;
  readonly namespace: string;
  readonly id: string;
}

/** What brings a checkpoint into a thread. */
export type Source = Put | Copy;
/** What may take one out. */
export type Remover = Delete | Prune | DeleteRuns;
/** What shows checkpoints. */
export type Look = Read | List;

type Span = Pick<Operation, "from" | "to"> & Partial<Pick<Operation, "outcome" | "kind">>;

/** When an operation is over for sure. Of one without an answer, a request may still be on its way; one that deletes a thread is refused by then. */
export const endOf = ({ to = Number.POSITIVE_INFINITY, outcome, kind }: Omit<Span, "from">): number =>
  outcome === "unknown" && kind !== "delete" ? Number.POSITIVE_INFINITY : to;
export const isBefore = (first: Omit<Span, "from">, second: Pick<Span, "from">): boolean => endOf(first) < second.from;

/** Whether a write must not replace another: of one process, an earlier call never replaces a later one (contract C-31). */
export const isOvertaken = (first: Put | Write, second: Put | Write): boolean =>
  isBefore(first, second) || (first.process === second.process && first.to !== undefined && first.to < second.from);

/**
 * What a history says for sure, and what it leaves open: of operations that overlapped, either may have come first, and one without an answer may have
 * been carried out or not, also later.
 */
export class Facts {
  readonly operations: readonly Operation[];
  readonly #puts = new Map<string, Put[]>();
  readonly #putsOfId = new Map<string, Put[]>();
  readonly #writes = new Map<string, Write[]>();
  readonly #copies: readonly Copy[];
  readonly #removers: readonly Remover[];
  readonly #firstSeen = new Map<string, number>();
  readonly #failovers: History["disturbances"];
  /** Of each thread and namespace. */
  readonly #placesIn = new Map<string, Map<string, Place>>();

  constructor(history: History) {
    this.operations = history.operations.map((operation) =>
      operation.outcome === "refused" && mayBeRepeated(operation, history) ? { ...operation, outcome: "unknown" } : operation,
    );
    this.#failovers = history.disturbances.filter(({ failover }) => failover !== undefined);
    const done = this.operations.filter(({ outcome }) => outcome !== "refused");
    for (const each of done) {
      if (each.kind === "put") {
        push(this.#puts, keyOf(each), each);
        push(this.#putsOfId, idKey(each), each);
        this.#note(each);
      }
      if (each.kind === "write") push(this.#writes, idKey(each), each);
    }
    this.#copies = done.filter((each) => each.kind === "copy");
    this.#removers = done.filter((each) => ["delete", "prune", "delete runs"].includes(each.kind)) as Remover[];
    for (const look of this.looks()) {
      for (const seen of seenBy(look)) {
        const key = keyOf(seen);
        // What was seen and never acknowledged may be gone with the failover.
        const mayBeLost = this.#failovers.some(({ from, to }) => look.from < to && endOf(look) >= from);
        const first = this.#firstSeen.get(key) ?? Number.POSITIVE_INFINITY;
        if (!mayBeLost) this.#firstSeen.set(key, Math.min(endOf(look), first));
        this.#note(seen);
      }
    }
    // As often as there are copies: one may be of what another made.
    for (const _ of this.#copies) {
      for (const { source, thread } of this.#copies) for (const place of this.places(source)) this.#note({ ...place, thread });
    }
  }

  #note({ thread, namespace, id }: Place): void {
    const key = JSON.stringify([thread, namespace]);
    const places = this.#placesIn.get(key) ?? new Map<string, Place>();
    this.#placesIn.set(key, places.set(id, { thread, namespace, id }));
  }

  /** All operations of some kinds that were answered well. */
  acknowledged<Kind extends Operation["kind"]>(...kinds: Kind[]): Extract<Operation, { kind: Kind }>[] {
    return this.operations.filter(
      (each): each is Extract<Operation, { kind: Kind }> => each.outcome === "ok" && (kinds as string[]).includes(each.kind),
    );
  }

  looks(): Look[] {
    return this.acknowledged("read", "list");
  }

  /** Every checkpoint that somebody put or saw; of a thread and, if it is given, a namespace. */
  places(thread?: string, namespace?: string): Place[] {
    return [...this.#placesIn]
      .filter(([key]) => {
        const [its, space] = JSON.parse(key) as [string, string];
        return (thread === undefined || its === thread) && (namespace === undefined || space === namespace);
      })
      .flatMap(([, places]) => [...places.values()]);
  }

  puts(place: Place): readonly Put[] {
    return this.#puts.get(keyOf(place)) ?? [];
  }

  /** Of a checkpoint in any thread: copies keep their ids. */
  putsOfId(place: Omit<Place, "thread">): readonly Put[] {
    return this.#putsOfId.get(idKey(place)) ?? [];
  }

  writesOfId(place: Omit<Place, "thread">): readonly Write[] {
    return this.#writes.get(idKey(place)) ?? [];
  }

  copiesOnto(thread: string): readonly Copy[] {
    return this.#copies.filter((copy) => copy.thread === thread);
  }

  /** Removers that may have taken a checkpoint out that was there from some time on. */
  removers(place: Place, since: number, until: number): Remover[] {
    return this.#removers.filter(
      (remover) => endOf(remover) > since && remover.from < until && this.#couldRemove(remover, place),
    );
  }

  deletionsBefore(thread: string, time: number): Delete[] {
    return this.acknowledged("delete").filter((each) => each.thread === thread && endOf(each) < time);
  }

  #couldRemove(remover: Remover, place: Place): boolean {
    switch (remover.kind) {
      case "delete":
        // The thread that was meant: one that was begun later is left alone, however late it comes.
        return remover.thread === place.thread && (remover.to ?? Number.POSITIVE_INFINITY) > this.#beginningOf(place);
      case "delete runs": {
        // A subgraph's goes with the checkpoint that its graph ran on.
        const origins = this.putsOfId(place).flatMap((put) => Object.entries(put.origins));
        const around = origins.flatMap(([namespace, id]) => this.putsOfId({ namespace, id }));
        return [...this.putsOfId(place), ...around].some(({ run }) => remover.runs.includes(run));
      }
      case "prune": {
        if (remover.thread !== undefined && remover.thread !== place.thread) return false;
        // A subgraph of one task goes with the checkpoint that the task ran on.
        if (this.copiesOnto(place.thread).length > 0 || place.namespace.includes(":")) return true;
        const earliest = this.earliest(place);
        const newer = this.places(place.thread, place.namespace).filter(
          (other) =>
            other.id !== place.id &&
            this.earliest(other) < endOf(remover) &&
            this.latest(other, Number.POSITIVE_INFINITY) >= earliest,
        );
        return newer.length >= remover.keepLast;
      }
    }
  }

  /** Whether a checkpoint is there during all of an operation, whatever came first of what overlapped. */
  isThere(place: Place, during: Span): boolean {
    const isKept = (source: Source): boolean =>
      source.outcome === "ok" && isBefore(source, during) && this.removers(place, source.from, endOf(during)).length === 0;
    return (
      this.puts(place).some(isKept) ||
      this.copiesOnto(place.thread).some((copy) => isKept(copy) && this.isThere({ ...place, thread: copy.source }, copy))
    );
  }

  /** Whether a checkpoint that an operation sees may be there. */
  mayBeThere(place: Place, during: Span, visited: ReadonlySet<Copy> = new Set()): boolean {
    const deletions = this.deletionsBefore(place.thread, during.from);
    const isPossible = (source: Source): boolean =>
      source.from < endOf(during) && deletions.every((deletion) => this.mayOutlive(source, place, deletion));
    return (
      this.puts(place).some(isPossible) ||
      this.copiesOnto(place.thread).some(
        (copy) =>
          !visited.has(copy) &&
          isPossible(copy) &&
          this.mayBeThere({ ...place, thread: copy.source }, copy, new Set(visited).add(copy)),
      )
    );
  }

  /** Whether what brought a checkpoint may have come after a deletion of its thread, and been let in. */
  mayOutlive(source: Source, place: Place, deletion: Delete): boolean {
    if (source.kind === "put" && this.isOfDeletedLife(source, deletion)) return false;
    if (source.outcome !== "unknown" || source.to === undefined) return !isBefore(source, deletion);
    // One that was given up, and is known to have been carried out before, is not carried out again.
    return !(source.to < deletion.from && this.isEstablished(place, deletion.from));
  }

  /** Whether a failover between two looks may have undone what took a checkpoint out. */
  mayBeUndone(place: Place, removed: Look, seen: Look): boolean {
    return this.#failovers.some(
      ({ from, to }) =>
        removed.from < to && endOf(seen) >= from && this.removers(place, from, to).some(({ outcome }) => outcome !== "ok"),
    );
  }

  /** Whether it is known that a checkpoint was in its thread at some time before. */
  isEstablished(place: Place, time: number): boolean {
    return (
      this.puts(place).some((put) => put.outcome === "ok" && endOf(put) < time) ||
      (this.#firstSeen.get(keyOf(place)) ?? Number.POSITIVE_INFINITY) < time
    );
  }

  /** Whether a put goes on from what was in the thread before it was deleted. A put without a parent may start a new life of the thread, with the same id. */
  isOfDeletedLife(put: Put, deletion: Delete): boolean {
    if (this.copiesOnto(put.thread).some((copy) => !isBefore(copy, deletion))) return false;
    const [, ...ancestors] = this.#lineOf(put);
    const isAnew = (place: Place): boolean => this.puts(place).some((each) => !isBefore(each, deletion));
    return ancestors.some((place) => this.isEstablished(place, deletion.from) && !isAnew(place));
  }

  /** Before what time nothing of what a checkpoint goes on from was put. */
  #beginningOf(place: Place): number {
    if (this.copiesOnto(place.thread).length > 0) return Number.NEGATIVE_INFINITY;
    const line = this.puts(place).flatMap((put) => this.#lineOf(put));
    return Math.min(...line.flatMap((each) => this.puts(each).map(({ from }) => from)));
  }

  /** Whether writes to checkpoints that are not there may lie in a thread. */
  mayHaveLoneWrites(thread: string, during: Span): boolean {
    const deletions = this.deletionsBefore(thread, during.from);
    return this.operations.some((write) => {
      if (write.kind !== "write" || write.thread !== thread || write.outcome === "refused" || write.from > endOf(during))
        return false;
      // Also of a put that was refused.
      const lives = this.operations.filter((each): each is Put => each.kind === "put" && keyOf(each) === keyOf(write));
      return deletions.every(
        (deletion) => !isBefore(write, deletion) && !lives.some((put) => this.isOfDeletedLife(put, deletion)),
      );
    });
  }

  /** A checkpoint, what it was made on, and the checkpoints of the graphs around it. */
  #lineOf(put: Put): Place[] {
    const line = new Map<string, Place>();
    const queue: Place[] = [put];
    for (let place = queue.pop(); place !== undefined; place = queue.pop()) {
      const key = keyOf(place);
      if (line.has(key)) continue;
      line.set(key, place);
      const { thread, namespace } = place;
      for (const { parent, origins } of place === put ? [put] : this.puts(place)) {
        if (parent !== undefined) queue.push({ thread, namespace, id: parent });
        for (const [of, id] of Object.entries(origins)) queue.push({ thread, namespace: of, id });
      }
    }
    return [...line.values()];
  }

  /** The time before which a checkpoint was not committed. */
  earliest(place: Place): number {
    return Math.min(...[...this.puts(place), ...this.copiesOnto(place.thread)].map(({ from }) => from));
  }

  /** The time after which a checkpoint that somebody sees then was not committed: again, it keeps its place, unless it was taken out. */
  latest(place: Place, seenUntil: number): number {
    const puts = this.puts(place).filter(({ from }) => from < seenUntil);
    const copies = this.copiesOnto(place.thread).filter(({ from }) => from < seenUntil);
    const ends = puts.filter(({ outcome }) => outcome === "ok").map(endOf);
    const mayBePutAnew =
      puts.length > 1 &&
      this.#removers.some(
        (remover) =>
          remover.from < seenUntil &&
          (remover.kind === "delete runs" || remover.thread === undefined || remover.thread === place.thread),
      );
    if (copies.length === 0 && ends.length > 0 && !mayBePutAnew) return Math.min(...ends);
    return Math.max(Number.NEGATIVE_INFINITY, ...puts.map(endOf), ...copies.map(endOf));
  }

  /** Whether one checkpoint was committed after another for sure. */
  isLater(later: Place, earlier: Place, seenUntil: number): boolean {
    return this.earliest(later) > this.latest(earlier, seenUntil);
  }
}

export function seenBy(look: Look): readonly Seen[] {
  if (look.kind === "list") return look.seen ?? [];
  return look.seen === undefined ? [] : [look.seen];
}

export const keyOf = ({ thread, namespace, id }: Place): string => JSON.stringify([thread, namespace, id]);
const idKey = ({ namespace, id }: Omit<Place, "thread">): string => JSON.stringify([namespace, id]);

function push<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
