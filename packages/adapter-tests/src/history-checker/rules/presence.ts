import { isBefore, keyOf, type Look, type Place, seenBy } from "../facts.js";
import { named, type Rule, told } from "./rule.js";

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
          (facts.isEstablished(seen, look.from) || sources.some(({ outcome }) => outcome === "perhaps")) &&
          !facts.mayBeUndone(seen, look, later) &&
          sources.every((source) => isBefore(source, look)),
      );
      if (missing !== undefined)
        found.set(keyOf(seen), `${told(later)} ${named(seen)} again, which was gone when ${told(missing)} nothing of it`);
    }
  }
  return [...found.values()];
};
