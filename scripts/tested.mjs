/**
 * Which of the three runs (`test`, `test:all`, `soak`) tests a rule of the contract, and in which files: `docs/reference/tested.md`, written from what vitest
 * collects. With `--check`, fails where the page is out of date, or a rule that a user meets every day is not in `test`.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { finish, read, root } from "./repository.mjs";

const PAGE = "docs/reference/tested.md";
const RUNS = { test: "vitest.config.ts", "test:all": "vitest.all.config.ts", soak: "vitest.soak.config.ts" };
const MOST_FILES = 5;

/** Tests as vitest collects them: nothing runs. */
function collected(config) {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-tested-"));
  const file = join(folder, "tests.json");
  try {
    execFileSync("vitest", ["list", "--config", config, `--json=${file}`], {
      cwd: root,
      stdio: ["ignore", "ignore", "inherit"],
      shell: process.platform === "win32",
    });
    return JSON.parse(readFileSync(file, "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `packages/checkpoint-redis/test/faults/partition.test.ts` → `redis/faults/partition`. */
const shortName = (file) =>
  relative(root, file)
    .replace(/^(packages|examples)\//, "")
    .replace(/^checkpoint-/, "")
    .replace(/\/(test|src)\//, "/")
    .replace(/\.test\.ts$/, "");

const rules = new Map(
  [...read("docs/reference/contract.md").matchAll(/^[-*] \*\*(C-\d+)\*\* ([^\n]*)/gm)].map(([, id, text]) => [id, text]),
);
const filesOf = Object.fromEntries(
  Object.entries(RUNS).map(([run, config]) => {
    const files = new Map();
    for (const { name, file } of collected(config)) {
      for (const [id] of name.matchAll(/\bC-\d+\b/g)) files.set(id, (files.get(id) ?? new Set()).add(shortName(file)));
    }
    return [run, files];
  }),
);

const cell = (files = new Set()) => {
  const names = [...files].sort();
  const more = names.length > MOST_FILES ? ` and ${names.length - MOST_FILES} more` : "";
  return names.length === 0 ? "" : `${names.slice(0, MOST_FILES).join(", ")}${more}`;
};
const rows = [...rules.keys()].map(
  (id) =>
    `| ${id} | ${Object.keys(RUNS)
      .map((run) => cell(filesOf[run].get(id)))
      .join(" | ")} |`,
);
const page = `# What tests each rule

Written by \`pnpm tested\` from the titles that vitest collects; \`pnpm check\` compares it. A file is named without its package's \`test/\`.

| rule | ${Object.keys(RUNS)
  .map((run) => `\`${run}\``)
  .join(" | ")} |
|---|---|---|---|
${rows.join("\n")}
`;

const problems = [...rules.keys()].flatMap((id) =>
  Object.values(filesOf).some((files) => files.has(id)) ? [] : [`${id} is tested by none of the three runs`],
);
if (!process.argv.includes("--check")) writeFileSync(join(root, PAGE), page);
else if (read(PAGE) !== page) problems.push(`${PAGE} is out of date: pnpm tested writes it`);
const daily = [...rules.keys()].filter((id) => filesOf.test.has(id)).length;
finish(problems, `tested: ${rules.size} rules, ${daily} of them in \`test\``);
