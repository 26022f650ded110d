import { endOf, type Facts, isBefore, type Look, type Place, seenBy } from "../facts.js";
import { type ListThreads, OLD_STORE, type Seen } from "../history.js";
import { named, type Rule, told } from "./rule.js";

/** Threads are listed while they have checkpoints, and not when they have none (C-26); what is gone leaves nothing underneath (C-50, C-53). */
export const threadsAreListed: Rule = (facts) => {
  const threads = [...new Set(facts.places().map(({ thread }) => thread))];
  // What only the old store has at that time is not listed.
  const isOwn = (place: Place, look: Look | ListThreads): boolean =>
    facts.puts(place).some((put) => put.process !== OLD_STORE && isBefore(put, look)) ||
    facts.copiesOnto(place.thread).length > 0;
  const isEmpty = (thread: string, during: Look | { readonly from: number; readonly to?: number }): boolean =>
    !facts.places().some((place) => facts.mayBeThere({ ...place, thread }, during));
  return [
    ...facts.acknowledged("list threads").flatMap((look) => {
      const seen = look.seen ?? [];
      const missing = threads.filter(
        (thread) =>
          !seen.includes(thread) && facts.places(thread).some((place) => isOwn(place, look) && facts.isThere(place, look)),
      );
      const twice = seen.filter(
        (thread, at) =>
          seen.indexOf(thread) !== at &&
          !facts.operations.some(
            (each) => each.outcome !== "ok" || (each.from < endOf(look) && endOf(each) > look.from && each !== look),
          ),
      );
      return [
        ...missing.map((thread) => `${look.process} lists the threads, ${thread} not among them, which is lost or hidden`),
        ...seen
          .filter((thread) => isEmpty(thread, look))
          .map((thread) => `${look.process} lists the thread ${thread}, of which nothing can be there`),
        ...twice.map((thread) => `${look.process} lists the thread ${thread} twice`),
      ];
    }),
    ...facts.acknowledged("underneath").flatMap((look) => {
      // Writes may come before their checkpoint, and wait for it in vain.
      const waits = threads.some((thread) => facts.mayHaveLoneWrites(thread, look));
      const orphans = look.orphans.filter((orphan) => !(waits && orphan.startsWith("write of ")));
      const isToBeEmpty = look.rows > 0 && isEmpty(look.thread, look) && !facts.mayHaveLoneWrites(look.thread, look);
      return [
        ...orphans.map((orphan) => `underneath ${look.thread} lies what nothing needs: ${orphan}`),
        ...(isToBeEmpty ? [`underneath ${look.thread}, of which nothing can be there, lie ${look.rows} rows`] : []),
      ];
    }),
  ];
};

/** What runs wrote is gone when they were deleted (C-55). */
export const deletedRunsAreGone: Rule = (facts) =>
  facts.acknowledged("delete runs").flatMap((deletion) =>
    facts.looks().flatMap((look) =>
      seenBy(look)
        .filter((seen) => {
          const puts = facts.puts(seen);
          return (
            isBefore(deletion, look) &&
            puts.length > 0 &&
            facts.copiesOnto(seen.thread).length === 0 &&
            !(deletion.busy ?? []).includes(seen.thread) &&
            puts.every(
              (put) =>
                put.process !== OLD_STORE && put.outcome === "ok" && isBefore(put, deletion) && deletion.runs.includes(put.run),
            )
          );
        })
        .map((seen) => `${told(look)} ${named(seen)}, though ${deletion.process} had deleted its run ${puts(facts, seen)}`),
    ),
  );

const puts = (facts: Facts, seen: Seen): string => facts.puts(seen)[0]?.run ?? "";
