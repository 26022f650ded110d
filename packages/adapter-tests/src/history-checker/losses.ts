import { isDeepStrictEqual } from "node:util";
import { endOf, seenBy } from "./facts.js";
import type { Disturbance, History, Operation, Put } from "./history.js";

type Failover = Disturbance & Required<Pick<Disturbance, "failover">>;

const isFailover = (each: Disturbance): each is Failover => each.failover !== undefined;

/**
 * What a judge looks at in a history in which failovers may have lost something: all of it, with that in doubt; and what came before each of these failovers, when
 * nothing of it was in doubt.
 */
export function viewsOf(history: History): History[] {
  const views = [...lossyFailovers(history).map(({ failover }) => before(history, failover.diedAt)), history];
  return views.map((view) => lossyFailovers(view).reduce(inDoubt, view));
}

const lossyFailovers = ({ disturbances }: History): Failover[] =>
  disturbances.filter(isFailover).filter(({ failover }) => failover.mayLose);

/** What was answered before a time, and what was asked for. */
function before(history: History, time: number): History {
  return {
    ...history,
    operations: history.operations
      .filter(({ from }) => from < time)
      .map(
        ({ to, ...asked }): Operation => (to !== undefined && to < time ? { ...asked, to } : { ...asked, outcome: "unknown" }),
      ),
    disturbances: history.disturbances.filter(({ failover, from }) => from < time && (failover?.diedAt ?? 0) < time),
  };
}

const CHANGES: ReadonlySet<string> = new Set<Operation["kind"]>([
  "put",
  "write",
  "delete",
  "prune",
  "delete runs",
  "copy",
  "acquire",
  "release",
]);

/**
 * What was acknowledged since the replica had everything may be lost, but only from the end: what was acknowledged before something was asked for that is there
 * afterwards, in the same thread, is there, too.
 */
function inDoubt(history: History, { from, to, failover: { diedAt } }: Failover): History {
  const isMeanwhile = (each: Operation): boolean =>
    each.outcome === "ok" && CHANGES.has(each.kind) && each.from < to && endOf(each) >= from;
  const survived = new Map<string, number>();
  const values = valuesSeen(history, to);
  for (const each of history.operations) {
    if (each.kind !== "put" || !isMeanwhile(each) || endOf(each) >= diedAt) continue;
    if (!(values.get(each.id) ?? []).some((seen) => isDeepStrictEqual(seen, each.values))) continue;
    survived.set(each.thread, Math.max(each.from, survived.get(each.thread) ?? 0));
  }
  const isKept = (each: Operation): boolean => {
    const thread = "thread" in each ? each.thread : undefined;
    return thread !== undefined && endOf(each) < (survived.get(thread) ?? Number.NEGATIVE_INFINITY);
  };
  const operations = history.operations.map(
    (each): Operation => (isMeanwhile(each) && !isKept(each) ? { ...each, outcome: "perhaps" } : each),
  );
  return { ...history, operations };
}

/** Of each checkpoint id, what was read after a time. */
function valuesSeen({ operations }: History, time: number): ReadonlyMap<string, readonly Put["values"][]> {
  const found = new Map<string, Put["values"][]>();
  for (const look of operations) {
    if ((look.kind !== "read" && look.kind !== "list") || look.outcome !== "ok" || look.from < time) continue;
    for (const { id, values } of seenBy(look)) found.set(id, [...(found.get(id) ?? []), values]);
  }
  return found;
}
