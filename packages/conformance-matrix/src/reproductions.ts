import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A short program that shows a red cell. */
export interface Reproduction {
  readonly file: string;
  /** What it shows, without the rules. */
  readonly what: string;
  readonly rules: readonly string[];
  /** The systems on which it shows it. */
  readonly systems: readonly string[];
}

/** Values go through the same serializer in all official savers. */
const SHARED_RULES = new Set(["C-60", "C-61", "C-62"]);

function systemsOf(text: string, rules: readonly string[]): string[] {
  if (text.includes("langgraph-checkpoint-postgres")) return ["official-postgres"];
  if (text.includes("langgraph-checkpoint-sqlite")) return ["official-sqlite"];
  const isShared = rules.some((rule) => SHARED_RULES.has(rule));
  return isShared ? ["memory", "official-sqlite", "official-postgres", "official-redis"] : ["memory"];
}

/** What the programs of a folder show, as their first lines say. */
export function readReproductions(folder: string): readonly Reproduction[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".mjs"))
    .sort()
    .map((file) => {
      const text = readFileSync(join(folder, file), "utf8");
      const [, names = "", what = ""] = /^\/\/ ((?:C-\d+(?:, )?)+): (.*)$/m.exec(text) ?? [];
      const rules = names.split(", ");
      return { file, what, rules, systems: systemsOf(text, rules) };
    });
}
