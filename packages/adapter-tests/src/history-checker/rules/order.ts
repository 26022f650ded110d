import { endOf, seenBy } from "../facts.js";
import { named, type Rule, told } from "./rule.js";

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
