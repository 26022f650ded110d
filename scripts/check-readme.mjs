/**
 * Holds the pages to the code, so that what a reader copies works. Fails when
 *   - a `ts` block of README.md, packages/*\/README.md, examples/*\/README.md or docs/*.md does not type-check,
 *   - a `pnpm …` command in a page names no script, or `npx pnpm@…` another version than package.json,
 *   - a page names a version of a package that neither pnpm-workspace.yaml nor versions.ts has, or another least Node than package.json,
 *   - a page gives a figure that is measured, which only docs/performance.md does, a number of cases that is not that of the suite, or a default of an option that
 *     is not that of its docstring,
 *   - a link between pages leads to no file or heading, or a page imports (`<<<`) a file that is not there.
 *
 * A block stands alone, with its imports. ```ts continued goes on from the block above it, whose names it sees. ```ts no-check
 * is skipped: for what cannot compile at all. The packages are resolved as an installed user would, but from their sources.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, normalize, resolve } from "node:path";
import { find, finish, read, root } from "./repository.mjs";

const PAGES = /^(\w+\.md|docs\/.*\.md|(packages|examples)\/[^/]+\/[^/]+\.md|bench\/[^/]+\.md)$/;
const TYPE_CHECKED = /(^|\/)README\.md$|^docs\//;
const WORK = ".readme-check";

const problems = [];
/** Not written by hand: the API reference of `pnpm docs`. */
const GENERATED = /CHANGELOG\.md$|^docs\/reference\/api\//;
const pages = find(PAGES).filter((path) => !GENERATED.test(path));

/** The fenced blocks of a page: language, words after it, first line of content (from 0), lines. */
function blocksOf(text) {
  const blocks = [];
  let open;
  for (const [index, line] of text.split("\n").entries()) {
    const fence = /^\s*(`{3,})\s*(\S*)\s*(.*)$/.exec(line);
    if (open === undefined && fence)
      open = { fence: fence[1], language: fence[2], words: fence[3].trim(), start: index + 1, lines: [] };
    else if (open !== undefined && fence && fence[1].length >= open.fence.length && fence[2] === "") {
      blocks.push(open);
      open = undefined;
    } else open?.lines.push(line);
  }
  return blocks;
}

// --- ts blocks -------------------------------------------------------------------------------------------------------------

/** Links into `WORK/node_modules` what the workspace's packages depend on, and the packages themselves. */
function linkDependencies() {
  const link = (name, target) => {
    const path = join(root, WORK, "node_modules", name);
    if (existsSync(path)) return;
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path, "junction");
  };
  const folders = ["packages", "examples"].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => join(root, group, name)),
  );
  for (const folder of folders) {
    if (!existsSync(join(folder, "package.json"))) continue;
    link(JSON.parse(read(`${folder.slice(root.length + 1)}/package.json`)).name, folder);
  }
  for (const folder of [...folders, root]) {
    const modules = join(folder, "node_modules");
    if (!existsSync(modules)) continue;
    const names = readdirSync(modules).flatMap((name) =>
      name.startsWith("@") ? readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`) : [name],
    );
    for (const name of names) {
      const path = join(modules, name);
      if (name.startsWith(".") || !statSync(path).isDirectory()) continue;
      link(name, existsSync(path) && isLink(path) ? resolve(dirname(path), readlinkSync(path)) : path);
    }
  }
}

function isLink(path) {
  try {
    readlinkSync(path);
    return true;
  } catch {
    return false;
  }
}

rmSync(join(root, WORK), { recursive: true, force: true });
mkdirSync(join(root, WORK));

let checked = 0;
for (const page of pages.filter((path) => TYPE_CHECKED.test(path))) {
  const text = read(page);
  const groups = [];
  for (const block of blocksOf(text).filter((block) => block.language === "ts" || block.language === "typescript")) {
    if (block.words === "no-check") console.warn(`! ${page}:${block.start} is not checked (no-check)`);
    else if (block.words === "continued" && groups.length > 0) groups.at(-1).push(block);
    else if (block.words === "") groups.push([block]);
    else problems.push(`${page}:${block.start} unknown words after \`\`\`ts: ${block.words}`);
  }
  for (const group of groups) {
    // Each line keeps its number, so that the compiler's messages point into the page.
    const lines = text.split("\n").map(() => "");
    for (const block of group)
      block.lines.forEach((line, offset) => {
        lines[block.start + offset] = line;
      });
    writeFileSync(join(root, WORK, `${page.replaceAll("/", "~")}@${group[0].start}.ts`), lines.join("\n"));
    checked += group.length;
  }
}
linkDependencies();
writeFileSync(
  join(root, WORK, "tsconfig.json"),
  JSON.stringify({
    extends: "../tsconfig.json",
    compilerOptions: { moduleDetection: "force", allowImportingTsExtensions: true, typeRoots: ["../node_modules/@types"] },
    include: ["*.ts", "../types"],
  }),
);
const tsc = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", WORK, "--pretty", "false"], {
  cwd: root,
  encoding: "utf8",
});
if (tsc.status !== 0) {
  for (const line of `${tsc.stdout}${tsc.stderr}`.trim().split("\n")) {
    const found = /^\.readme-check\/(.+)@\d+\.ts\((\d+),\d+\): (.*)$/.exec(line);
    problems.push(found ? `${found[1].replaceAll("~", "/")}:${found[2]} ${found[3]}` : line);
  }
}
rmSync(join(root, WORK), { recursive: true, force: true });

// --- commands --------------------------------------------------------------------------------------------------------------

const manifest = JSON.parse(read("package.json"));
const [, version] = manifest.packageManager.split("@");
const BUILT_IN = new Set([
  "add",
  "dlx",
  "exec",
  "i",
  "install",
  "pack",
  "publish",
  "version",
  "audit",
  "why",
  "outdated",
  "update",
]);

for (const page of pages) {
  const text = read(page);
  const blocks = blocksOf(text);
  // ```js agent.mjs is a file that the reader saves under that name.
  const pasted = new Set(blocks.map(({ words }) => words));
  const shell = blocks
    .filter((block) => /^(sh|bash|shell|console)$/.test(block.language))
    .flatMap((block) => block.lines.map((line, offset) => [line, block.start + offset + 1]));
  const inline = text
    .split("\n")
    .flatMap((line, index) => [...line.matchAll(/`([^`]+)`/g)].map((match) => [match[1], index + 1]));
  for (const [command, line] of [...shell, ...inline]) {
    for (const [, pinned, name] of command.matchAll(/(?:^|[\s$&|;])pnpm(@\S+)?(?:\s+-{1,2}\S+)*\s+(?:run\s+)?([a-z][\w:-]*)/g)) {
      if (pinned !== undefined && pinned !== `@${version}`) problems.push(`${page}:${line} pnpm${pinned} is not ${version}`);
      const filtered = /\s(--filter|-F|-C|--dir)\b/.test(command);
      if (!filtered && !BUILT_IN.has(name) && !(name in manifest.scripts) && !existsSync(join(root, "node_modules/.bin", name))) {
        problems.push(`${page}:${line} "pnpm ${name}" names no script of package.json`);
      }
    }
    for (const [, path] of command.matchAll(/(?:^|\s)node ((?!-)\S+\.(?:mjs|js|ts))/g)) {
      const built = path.includes("/dist/");
      if (!built && !pasted.has(path) && !existsSync(join(root, path))) problems.push(`${page}:${line} there is no ${path}`);
    }
  }
}

// --- versions --------------------------------------------------------------------------------------------------------------

/** Package → the versions that the tests run on. */
const tested = new Map();
for (const file of ["pnpm-workspace.yaml", "packages/compatibility-tests/src/versions.ts"]) {
  for (const [, key, alias, number] of read(file).matchAll(/(?:^\s+|[{,] )"?([@\w/-]+)"?: "?(?:npm:(.+)@)?(\d+\.\d+\.\d+)\b/gm)) {
    const name = alias ?? key;
    tested.set(name, [...(tested.get(name) ?? []), number]);
  }
}
const SPOKEN = {
  LangGraph: "@langchain/langgraph",
  "official Postgres saver": "@langchain/langgraph-checkpoint-postgres",
  "official SQLite saver": "@langchain/langgraph-checkpoint-sqlite",
};
const NAMED = new RegExp(
  `\`([@\\w/-]+)\`|\\b(${Object.keys(SPOKEN).join("|")})\\b|(?<![\\w.])(\\d+\\.\\d+\\.\\d+)(?![\\w.]*\\d)`,
  "g",
);
/** Measured or decided on a day, on the versions of that day. */
const DATED = /^docs\/(performance|conformance)\.md$|^docs\/decisions\//;
const leastNode = manifest.engines.node.replace(">=", "");

let versions = 0;
for (const page of pages.filter((path) => !DATED.test(path))) {
  for (const [index, line] of read(page).split("\n").entries()) {
    let name;
    for (const [, quoted, spoken, number] of line.matchAll(NAMED)) {
      if (number === undefined) {
        const found = quoted ?? SPOKEN[spoken];
        // Another name in between ends what a version is of.
        name = tested.has(found) ? found : undefined;
      } else if (name !== undefined) {
        versions += 1;
        if (!tested.get(name).includes(number)) {
          problems.push(`${page}:${index + 1} ${name} ${number}: the tests run on ${tested.get(name).join(", ")}`);
        }
      }
    }
    for (const [, number] of line.matchAll(/Node ≥ (\d+(?:\.\d+)*)/g)) {
      versions += 1;
      if (number !== leastNode) problems.push(`${page}:${index + 1} Node ≥ ${number}: package.json says ${leastNode}`);
    }
  }
}

// --- figures ---------------------------------------------------------------------------------------------------------------

/** Ratios and percentiles: they change with each run of the benchmarks. */
const MEASURED = /\b\d+(?:\.\d+)?x\b|\b\d+(?:\.\d+)? times (?:as |faster|slower|smaller|larger|less|more)|\bp(?:50|99)\b.*\d/;
const MAY_MEASURE = /^bench\/|^docs\/(performance|conformance)\.md$|^docs\/decisions\//;
const CASES = /CASES = (\d+)/.exec(read("packages/checkpoint-postgres/test/postgres-conformance.ts"))[1];

let figures = 0;
for (const page of pages) {
  for (const [index, line] of read(page).split("\n").entries()) {
    const at = `${page}:${index + 1}`;
    const measured = MAY_MEASURE.test(page) ? null : MEASURED.exec(line);
    if (measured !== null) problems.push(`${at} says "${measured[0]}": figures stand in docs/performance.md, link to it`);
    for (const [, number] of line.matchAll(/\b(\d+) cases, (?:each of which|none skipped)/g)) {
      figures += 1;
      if (number !== CASES) problems.push(`${at} ${number} cases: the suite has ${CASES}`);
    }
  }
}
for (const name of ["checkpoint-postgres", "checkpoint-redis"]) {
  const options = new Map(
    [...read(`packages/${name}/src/options.ts`).matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*readonly (\w+)\?:/g)].map(
      ([, doc, option]) => [option, doc],
    ),
  );
  for (const [, option, value] of read(`packages/${name}/README.md`).matchAll(/^\| `(\w+)` \| (`[^`]+`|[\d,]+(?: MiB)?) \|/gm)) {
    figures += 1;
    if (!options.get(option)?.includes(`Default ${value}`)) {
      problems.push(`packages/${name}/README.md: the default of ${option} is not ${value} in options.ts`);
    }
  }
}

// --- links -----------------------------------------------------------------------------------------------------------------

/** Heading → anchor, as GitHub makes it. */
const slug = (heading) =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");
const anchorsOf = (path) => new Set([...read(path).matchAll(/^#{1,6} (.*)$/gm)].map((match) => slug(match[1])));

let links = 0;
for (const page of pages) {
  for (const [index, line] of read(page).split("\n").entries()) {
    const imported = /^<<< (\S+)$/.exec(line)?.[1];
    if (imported !== undefined && !existsSync(join(root, dirname(page), imported))) {
      problems.push(`${page}:${index + 1} imports ${imported}: no such file`);
    }
    for (const [, target] of line.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      links += 1;
      const [file, anchor] = target.split("#");
      const path = file === "" ? page : normalize(join(dirname(page), file));
      if (!existsSync(join(root, path))) problems.push(`${page}:${index + 1} links to ${target}: no such file`);
      else if (anchor !== undefined && path.endsWith(".md") && !anchorsOf(path).has(anchor)) {
        problems.push(`${page}:${index + 1} links to ${target}: no such heading`);
      }
    }
  }
}

finish(
  problems,
  `pages: ${checked} ts blocks type-check; commands and ${links} links lead somewhere; ${versions} versions are those of the tests, and ${figures} figures those of the code`,
);
