import { isDeepStrictEqual } from "node:util";
import { WRITES_IDX_MAP } from "@langchain/langgraph-checkpoint";
import { endOf, isBefore, isOvertaken, seenBy } from "../facts.js";
import type { Write } from "../history.js";
import { named, type Rule, told } from "./rule.js";

/** Pending writes are there once, as written, the first of an ordinary slot and the last of a special one (C-40, C-41). */
export const writesAreAsWritten: Rule = (facts) =>
  facts.looks().flatMap((look) =>
    seenBy(look).flatMap((seen) => {
      const written = facts.writesOfId(seen).filter(({ from }) => from < endOf(look));
      const runs = written.map(({ run }) => run);
      const isDisturbed =
        facts.removers(seen, Number.NEGATIVE_INFINITY, endOf(look)).length > 0 ||
        facts.operations.some(
          (each) =>
            each.kind === "delete runs" &&
            each.outcome !== "refused" &&
            each.runs.some((run) => runs.includes(run)) &&
            each.from < endOf(look) &&
            written.some((write) => !isBefore(each, write)),
        );
      const isCopied = facts.copiesOnto(seen.thread).length > 0;
      const slots = new Map<string, readonly [task: string, channel: string, values: unknown[]]>();
      for (const [task, channel, value] of seen.writes) {
        const key = JSON.stringify([task, channel]);
        const [, , values] = slots.get(key) ?? [task, channel, []];
        slots.set(key, [task, channel, [...values, value]]);
      }
      const findings: string[] = [];
      const say = (task: string, channel: string, what: string): void =>
        void findings.push(`${told(look)} of ${named(seen)} the write of ${task} to ${channel} ${what}`);
      for (const [task, channel, values] of slots.values()) {
        const isSpecial = channel in WRITES_IDX_MAP;
        const candidates = written.filter((write) => write.task === task && valuesIn(write, channel).length > 0);
        const alike = candidates.filter((write) => isDeepStrictEqual(valuesIn(write, channel), values));
        const isTwice = candidates.some((write) => {
          const its = valuesIn(write, channel);
          return its.length < values.length && values.every((value) => its.some((each) => isDeepStrictEqual(each, value)));
        });
        if (alike.length === 0) say(task, channel, isTwice ? "twice" : "with a value that nobody wrote");
        else if (!isDisturbed && !isCopied) {
          const rival = candidates.find((write) =>
            write.outcome !== "ok" || !isBefore(write, look)
              ? false
              : isSpecial
                ? alike.every((each) => isOvertaken(each, write))
                : alike.every((each) => isBefore(write, each)),
          );
          if (rival !== undefined) say(task, channel, isSpecial ? "as it was before it was replaced" : "replaced");
        }
      }
      if (isDisturbed) return findings;
      for (const write of written) {
        const copies = facts.copiesOnto(seen.thread);
        const isHere =
          write.thread === seen.thread ||
          (copies.length > 0 &&
            copies.every((copy) => copy.outcome === "ok" && copy.source === write.thread && isBefore(write, copy)));
        if (write.outcome !== "ok" || !isBefore(write, look) || !isHere) continue;
        if (write.thread === seen.thread && copies.length > 0) continue;
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

/** What a write has for a channel; of a special one, the last value. */
function valuesIn(write: Write, channel: string): unknown[] {
  const values = write.writes.filter(([name]) => name === channel).map(([, value]) => value);
  return channel in WRITES_IDX_MAP ? values.slice(-1) : values;
}

/** Pending writes are in the order in which LangGraph applies them: by task path, then by task, by code points (C-42). */
export const writesAreInOrder: Rule = (facts) =>
  facts.looks().flatMap((look) =>
    seenBy(look).flatMap((seen) => {
      const written = facts.writesOfId(seen);
      const places = seen.writes.flatMap(([task, channel]) => {
        const paths = new Set(written.filter((write) => write.task === task).map(({ path }) => path));
        const [path] = paths;
        return paths.size === 1 && path !== undefined ? [{ task, channel, path }] : [];
      });
      const compared = places.slice(1).map((next, at) => [places[at] as (typeof places)[number], next] as const);
      return compared
        .filter(
          ([first, next]) => byCodePoints(first.path, next.path) > 0 || (first.path === next.path && first.task > next.task),
        )
        .map(([first, next]) => `${told(look)} of ${named(seen)} a write of ${first.path} before one of ${next.path}`);
    }),
  );

function byCodePoints(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
