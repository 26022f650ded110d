/**
 * Holds code and pages to one word for one thing: fails when a word that went comes back in packages/, or in docs/ but for its decisions, which tell how
 * things were called when they were decided. docs/concepts.md has the words that are used; here are those that are not, any more.
 */
import { find, finish, read } from "./repository.mjs";

/** Word that went → what is said now. Patterns match parts of names, too: `thinOut`, `thin-out.ts`. */
const GONE = [
  [/thin[-_ ]?out|thinned/i, "prune"],
  [/thread[-_]?life/i, "retention, or a thread's key (`thread-key`)"],
  [/outline/i, "checkpoint summaries"],
  [/clear[-_]?away\b/i, "purgeDeleted"],
  [/end[-_]?if[-_]?empty/i, "deleteIfEmpty"],
  [/remembering-?(sub)?graph|remembering\.lua/i, "stateful subgraph; tombstones.lua"],
  [/takeover|taken ?over\b/i, "(on-demand) migration; of an encoding, reused"],
  [/packet(reader|writer)/i, "payload"],
  [/checkpoint-?frame|\bframeOf\b/i, "header"],
  [/migration-?marker|\bmarkerId\b/i, "an incomplete thread, its migration token"],
  [/imprint/i, "previous encoding"],
  [/stretch/i, "match, part"],
  [/underway/i, "in flight"],
  [/\bseal(s|ed|ing)?\b|\bopenSegment\b/i, "compress, decompress, a segment with its content"],
  [/in[-_]?hand\b|handedCheckpoint/i, "cached"],
  [/lease-?office/i, "Leases"],
  [/\bbringForward\b/i, "expireNow"],
];

/** Where such a word stays, and why. */
const STAYS = [
  // Names that are stored.
  ["packages/checkpoint-postgres/src/migrations/", /thread_life/],
  // VitePress has an option of that name.
  ["docs/.vitepress/config.mjs", /outline:/],
  // The model of the history checker speaks as the scenarios do that it found.
  ["packages/adapter-tests/src/history-checker/", /takeover|taken over/],
];

const problems = [];
const files = find(/^(packages\/[^/]+\/(src|test)|docs)\/.*\.(ts|mjs|lua|sql|md)$/).filter(
  (path) => !/^docs\/(decisions|reference\/api|\.vitepress\/cache)\//.test(path),
);
for (const path of files) {
  const lines = [
    ["name", path.slice(path.indexOf("/"))],
    ...read(path)
      .split("\n")
      .map((line, index) => [index + 1, line]),
  ];
  for (const [place, line] of lines) {
    if (STAYS.some(([where, what]) => path.startsWith(where) && what.test(line))) continue;
    for (const [word, now] of GONE) {
      const found = word.exec(line)?.[0];
      if (found !== undefined) problems.push(`${path}:${place} says "${found}": say ${now}`);
    }
  }
}
finish(problems, `words: ${GONE.length} that went stay away from ${files.length} files`);
