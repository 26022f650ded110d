import { endOf, isBefore } from "../facts.js";
import { OLD_STORE } from "../history.js";
import { named, type Rule } from "./rule.js";

/** An operation is refused for a reason only (C-51, C-55, C-59, C-90). */
export const refusalsHaveReasons: Rule = (facts) =>
  facts.operations.flatMap((each) => {
    const { code } = each;
    if (code === undefined) return [];
    const thread = "thread" in each ? each.thread : undefined;
    const began = facts.operations.filter((other) => other.from < endOf(each) && other.outcome !== "refused");
    const has = (kind: string): boolean =>
      began.some((other) => other.kind === kind && "thread" in other && (other.thread ?? thread) === thread);
    const without = (what: string): string[] => [
      `${each.process} was told ${code} by a ${each.kind} of ${thread}, without ${what}`,
    ];
    // LangGraph's own, where it is told to go on with what was deleted since the caller looked.
    if (each.kind === "graph call" && each.how === "go on" && code.startsWith("EmptyInputError")) {
      return has("delete") ? [] : without("a deletion");
    }
    switch (code) {
      case "HOLDFAST_THREAD_DELETED":
        return has("delete") || has("prune") || began.some(({ kind }) => kind === "delete runs") ? [] : without("a deletion");
      case "HOLDFAST_THREAD_BUSY":
      case "HOLDFAST_LEASE_LOST":
        return has("acquire") ? [] : without("a lease");
      case "HOLDFAST_THREAD_NOT_FOUND": {
        // A call that resumes what another has deleted, and a third has begun again.
        if (each.kind === "graph call") return [];
        if (each.kind === "delete runs") return [`${each.process} was told ${code} by a deletion of runs`];
        const asked = each.kind === "copy" ? each.source : thread;
        const isThere = facts.places(asked).some(
          (place) =>
            facts.isThere(place, each) &&
            // What only the old store has at that time is not there.
            facts.puts(place).some((put) => put.process !== OLD_STORE && isBefore(put, each)),
        );
        return isThere ? without("a reason: it is there") : [];
      }
      case "HOLDFAST_THREAD_EXISTS":
      case "HOLDFAST_CONCURRENT_UPDATE":
      case "HOLDFAST_STORE_UNAVAILABLE":
      case "HOLDFAST_NOT_DURABLE":
      case "HOLDFAST_SAVER_CLOSED":
        return [];
      default:
        return [`${each.process} was told ${code} by a ${each.kind} of ${thread}`];
    }
  });

/** A copy is made where nothing is (C-58, C-59). */
export const copiesReplaceNothing: Rule = (facts) =>
  facts.acknowledged("copy").flatMap((copy) =>
    facts
      .places(copy.thread)
      .filter((place) => facts.isThere(place, copy))
      .slice(0, 1)
      .map((place) => `${copy.process} copied ${copy.source} onto ${copy.thread}, which has ${named(place)}`),
  );

/** With `onConflict: "reject"`, a run's put is refused when the head has moved since its parent was read or put (C-95). */
export const conflictsAreRejected: Rule = (facts) =>
  facts.acknowledged("put").flatMap((put) => {
    const { head } = put;
    if (head === undefined) return [];
    return facts
      .places(put.thread, put.namespace)
      .filter(
        (place) =>
          place.id !== put.id &&
          place.id !== put.parent &&
          facts.earliest(place) > head.to &&
          facts.isThere(place, { from: put.from, to: endOf(put) }),
      )
      .slice(0, 1)
      .map((place) => `${put.process} put ${named(put)} on a head that was not the head any more: ${named(place)} was`);
  });
