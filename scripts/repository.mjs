/** What the checks beside this file share: the files of the repository, and how a check ends. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

const IGNORED = new Set(["node_modules", "dist", "coverage", ".git", ".readme-check"]);

/** Text of a file, by its path from the root of the repository. */
export const read = (path) => readFileSync(join(root, path), "utf8");

/** Paths of all files below `folder` (from the root, with `/`) that match `pattern`. */
export function find(pattern, folder = "") {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => !IGNORED.has(entry.name) && !entry.isSymbolicLink())
    .flatMap((entry) => {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return find(pattern, path);
      return pattern.test(path) ? [path] : [];
    });
}

/** Prints what was found and ends the process: with 1 when there are problems. */
export function finish(problems, summary) {
  for (const problem of problems) console.error(`✗ ${problem}`);
  if (problems.length > 0) console.error(`\n${problems.length} problem(s).`);
  else console.log(`✓ ${summary}`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
