import { isDeepStrictEqual } from "node:util";
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
