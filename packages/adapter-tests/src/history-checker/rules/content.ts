import { isDeepStrictEqual } from "node:util";
import { endOf, isBefore, isOvertaken, seenBy } from "../facts.js";
import type { Put, Seen } from "../history.js";
import { named, type Rule, told } from "./rule.js";

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
