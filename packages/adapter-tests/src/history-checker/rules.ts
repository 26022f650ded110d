import { isDeepStrictEqual } from "node:util";
import { endOf, type Facts, isBefore, isOvertaken, keyOf, type Look, type Place, seenBy } from "./facts.js";
import { OLD_STORE, type Put, type Seen, type Write } from "./history.js";

/** What a history must not contain; each finding names the operations. */
export type Rule = (facts: Facts) => string[];

/** A checkpoint that somebody sees was put, and is not of a thread that was deleted (C-30, C-51). */
export const nothingIsResurrected: Rule = (facts) => [
  ...facts.looks().flatMap((look) =>
    seenBy(look)
      .filter((seen) => !facts.mayBeThere(seen, look))
      .map((seen) =>
        facts.putsOfId(seen).length === 0
          ? `${told(look)} ${named(seen)}, which nobody has put, or whose put was refused`
          : `${told(look)} ${named(seen)}, resurrected: it went with its thread`,
      ),
  ),
  ...facts.acknowledged("put").flatMap((put) =>
    facts
      .deletionsBefore(put.thread, put.from)
      .filter((deletion) => facts.isOfDeletedLife(put, deletion))
      .slice(0, 1)
      .map(({ process }) => `the put of ${named(put)} by ${put.process} was acknowledged, after ${process} deleted its thread`),
  ),
];

/** What was acknowledged is there as long as nobody takes it out (C-13, C-20, C-30, C-58). */
export const nothingIsLost: Rule = (facts) => {
  const places = facts.places();
  return facts.looks().flatMap((look) => {
    const seen = new Set(seenBy(look).map(keyOf));
    return places
      .filter((place) => isAskedFor(look, place) && !seen.has(keyOf(place)) && facts.isThere(place, look))
      .map((place) => `${told(look)} not ${named(place)}, which is lost or hidden`);
  });
};

/** Of one that asks for the latest, another one is an answer, too: see `theLatestIsTheLatest`. */
function isAskedFor(look: Look, { thread, namespace, id }: Place): boolean {
  if (look.kind === "list") return look.thread === undefined || look.thread === thread;
  if (look.thread !== thread || look.namespace !== namespace) return false;
  return look.id === undefined ? look.seen === undefined : look.id === id;
}

/** What was taken out does not come back by itself (C-31, C-52, C-55, C-72). */
export const nothingComesBack: Rule = (facts) => {
  const looks = facts.looks();
  const found = new Map<string, string>();
  for (const later of looks) {
    for (const seen of seenBy(later)) {
      if (found.has(keyOf(seen))) continue;
      const sources = [...facts.puts(seen), ...facts.copiesOnto(seen.thread)];
      const missing = looks.find(
        (look) =>
          isBefore(look, later) &&
          isAskedFor(look, seen) &&
          !seenBy(look).some((each) => keyOf(each) === keyOf(seen)) &&
          facts.isEstablished(seen, look.from) &&
          sources.every((source) => isBefore(source, look)),
      );
      if (missing !== undefined)
        found.set(keyOf(seen), `${told(later)} ${named(seen)} again, which was gone when ${told(missing)} nothing of it`);
    }
  }
  return [...found.values()];
};

/** A checkpoint reads as it was put last (C-31, C-32, C-33, C-35). */
export const nothingIsAltered: Rule = (facts) =>
  facts.looks().flatMap((look) =>
    seenBy(look).flatMap((seen) => {
      const puts = facts.putsOfId(seen).filter(({ from }) => from < endOf(look));
      const alike = puts.filter((put) => isAsPut(seen, put));
      if (puts.length === 0) return [];
      if (alike.length === 0) return [`${told(look)} ${named(seen)} otherwise than it was put: ${difference(seen, puts)}`];
      const newer = puts.find(
        (put) =>
          put.outcome === "ok" &&
          put.thread === seen.thread &&
          isBefore(put, look) &&
          alike.every((each) => isOvertaken(each, put)),
      );
      const isCopied = newer !== undefined && facts.copiesOnto(seen.thread).some((copy) => !isBefore(copy, newer));
      return newer === undefined || isCopied ? [] : [`${told(look)} ${named(seen)} as it was before it was put again`];
    }),
  );

function isAsPut(seen: Seen, put: Put): boolean {
  return seen.parent === put.parent && isDeepStrictEqual([seen.values, seen.origins], [put.values, put.origins]);
}

function difference(seen: Seen, puts: readonly Put[]): string {
  const [put] = puts;
  const parts =
    put === undefined
      ? []
      : Object.keys({ ...seen.values, ...put.values }).filter((key) => !isDeepStrictEqual(seen.values[key], put.values[key]));
  return JSON.stringify({ channels: parts, parent: [seen.parent, put?.parent], origins: [seen.origins, put?.origins] });
}

/** The latest is what was committed last, and a list is in the order of commits (C-10, C-20). */
export const theLatestIsTheLatest: Rule = (facts) =>
  facts.looks().flatMap((look) => {
    const until = endOf(look);
    if (look.kind === "list") {
      const seen = seenBy(look);
      return seen.flatMap((newer, place) =>
        seen
          .slice(place + 1)
          .filter((older) => older.thread === newer.thread && facts.isLater(older, newer, until))
          .map((older) => `${told(look)} ${named(newer)} before ${named(older)}, which was committed later`),
      );
    }
    const { seen, id, thread, namespace } = look;
    if (id !== undefined || seen === undefined) return [];
    return facts
      .places(thread, namespace)
      .filter((place) => facts.isLater(place, seen, until) && facts.isThere(place, look))
      .map((place) => `${told(look)} ${named(seen)} as the latest, and ${named(place)} was committed later`);
  });

/** Pending writes are there once, as written, the first of an ordinary slot and the last of a special one (C-40, C-41). */
export const writesAreAsWritten: Rule = (facts) =>
  facts.looks().flatMap((look) =>
    seenBy(look).flatMap((seen) => {
      const written = facts.writesOfId(seen).filter(({ from }) => from < endOf(look));
      const runs = written.map(({ run }) => run);
      const isDisturbed =
        facts.removers(seen, Number.NEGATIVE_INFINITY, endOf(look)).length > 0 ||
        facts.operations.some(
          (each) => each.kind === "delete runs" && each.outcome !== "refused" && each.runs.some((run) => runs.includes(run)),
        );
      const isCopied = facts.copiesOnto(seen.thread).length > 0;
      const slots = new Map<string, unknown>();
      const findings: string[] = [];
      const say = (task: string, channel: string, what: string): void =>
        void findings.push(`${told(look)} of ${named(seen)} the write of ${task} to ${channel} ${what}`);
      for (const [task, channel, value] of seen.writes) {
        const key = JSON.stringify([task, channel]);
        if (slots.has(key)) say(task, channel, "twice");
        slots.set(key, value);
        const candidates = written.filter((write) => write.task === task && valueIn(write, channel) !== undefined);
        const alike = candidates.filter((write) => isDeepStrictEqual(valueIn(write, channel), value));
        if (alike.length === 0) say(task, channel, "with a value that nobody wrote");
        else if (!isDisturbed && !isCopied) {
          const rival = candidates.find((write) =>
            write.outcome !== "ok" || !isBefore(write, look)
              ? false
              : channel.startsWith("__")
                ? alike.every((each) => isOvertaken(each, write))
                : alike.every((each) => isBefore(write, each)),
          );
          if (rival !== undefined) say(task, channel, channel.startsWith("__") ? "as it was before it was replaced" : "replaced");
        }
      }
      if (isDisturbed) return findings;
      for (const write of written) {
        const isHere =
          write.thread === seen.thread ||
          facts
            .copiesOnto(seen.thread)
            .every((copy) => copy.outcome === "ok" && copy.source === write.thread && isBefore(write, copy));
        if (write.outcome !== "ok" || !isBefore(write, look) || !isHere) continue;
        if (write.thread === seen.thread && isCopied) continue;
        if (
          write.thread !== seen.thread &&
          facts.removers({ ...seen, thread: write.thread }, Number.NEGATIVE_INFINITY, endOf(look)).length > 0
        )
          continue;
        for (const [channel] of write.writes) {
          if (!slots.has(JSON.stringify([write.task, channel]))) say(write.task, channel, "not, which is lost");
        }
      }
      return findings;
    }),
  );

function valueIn(write: Write, channel: string): unknown {
  return write.writes.find(([name]) => name === channel)?.[1];
}

/** Threads are listed while they have checkpoints, and not when they have none (C-26); what is gone leaves nothing underneath (C-50, C-53). */
export const threadsAreListed: Rule = (facts) => {
  const threads = [...new Set(facts.places().map(({ thread }) => thread))];
  // What only the old store has is not listed.
  const isOwn = (place: Place): boolean => facts.puts(place).some(({ process }) => process !== OLD_STORE);
  const isEmpty = (thread: string, during: Look | { readonly from: number; readonly to?: number }): boolean =>
    !facts.places().some((place) => facts.mayBeThere({ ...place, thread }, during));
  return [
    ...facts.acknowledged("list threads").flatMap((look) => {
      const seen = look.seen ?? [];
      const missing = threads.filter(
        (thread) => !seen.includes(thread) && facts.places(thread).some((place) => isOwn(place) && facts.isThere(place, look)),
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
      // What a put has replaced is freed by the next prune.
      const hasReplaced = facts.places().some((place) => facts.putsOfId(place).length > 1);
      const orphans = look.orphans.filter(
        (orphan) => !(waits && orphan.startsWith("write of ")) && !(hasReplaced && /^(\d+ )?segment/.test(orphan)),
      );
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
    switch (code) {
      case "HOLDFAST_THREAD_DELETED":
        return has("delete") || has("prune") || began.some(({ kind }) => kind === "delete runs") ? [] : without("a deletion");
      case "HOLDFAST_THREAD_BUSY":
      case "HOLDFAST_LEASE_LOST":
        return has("acquire") ? [] : without("a lease");
      case "HOLDFAST_THREAD_NOT_FOUND": {
        if (each.kind === "delete runs") return [`${each.process} was told ${code} by a deletion of runs`];
        const asked = each.kind === "copy" ? each.source : thread;
        const isThere = facts
          .places(asked)
          .some((place) => facts.isThere(place, each) && facts.puts(place).some(({ process }) => process !== OLD_STORE));
        return isThere ? without("a reason: it is there") : [];
      }
      case "HOLDFAST_THREAD_EXISTS":
      case "HOLDFAST_CONCURRENT_UPDATE":
      case "HOLDFAST_STORE_UNAVAILABLE":
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

/** With `onConflict: "reject"`, a run's first put is refused when the head has moved since it was read (C-95). */
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

function told(look: Look): string {
  return look.kind === "list" ? `${look.process} lists` : `${look.process} reads`;
}

export function named({ thread, namespace, id }: Place): string {
  return `${thread}${namespace === "" ? "" : `/${namespace}`} ${id}`;
}
