/**
 * Holds docs/reference/errors.md to packages/checkpoint-core/src/errors.ts. Fails when
 *   - a code has no heading (`## HOLDFAST_…`), or a heading no code,
 *   - a code has no class, or a class a code that is not in the list,
 *   - a section does not name its class, or lacks one of its parts: When, `cause`, What to do.
 */
import { find, finish, read } from "./repository.mjs";

const SOURCE = "packages/checkpoint-core/src/errors.ts";
const PAGE = "docs/reference/errors.md";
const PARTS = ["**When.**", "**`cause`.**", "**What to do.**"];

const problems = [];
const source = read(SOURCE);

const list = /export type HoldfastErrorCode =([^;]*);/.exec(source)?.[1] ?? "";
const codes = new Set([...list.matchAll(/"(HOLDFAST_\w+)"/g)].map((match) => match[1]));
if (codes.size === 0) problems.push(`${SOURCE} lists no code in HoldfastErrorCode`);

// A class may live in any package; its `code` must be in the list.
const classes = new Map();
for (const path of find(/^packages\/checkpoint-[^/]+\/src\/.*\.ts$/)) {
  for (const [, name, body] of read(path).matchAll(/export class (\w+) extends \w*Error\b[^{]*\{([\s\S]*?)\n\}/g)) {
    const code = /readonly code = "(\w+)"/.exec(body)?.[1];
    if (code === undefined) continue;
    classes.set(code, name);
    if (!codes.has(code)) problems.push(`${path}: ${name} has the code ${code}, which HoldfastErrorCode does not list`);
  }
}

const sections = new Map();
for (const section of read(PAGE).split(/^## /m).slice(1)) {
  const heading = section.slice(0, section.indexOf("\n")).trim();
  if (!heading.startsWith("HOLDFAST_")) continue;
  if (sections.has(heading)) problems.push(`${PAGE} has two headings ${heading}`);
  sections.set(heading, section);
}

for (const code of codes) {
  const section = sections.get(code);
  const name = classes.get(code);
  if (name === undefined) problems.push(`${code} has no class`);
  if (section === undefined) {
    problems.push(`${PAGE} has no heading for ${code}`);
    continue;
  }
  if (name !== undefined && !section.includes(`\`${name}\``)) problems.push(`${PAGE}, ${code}: does not name the class ${name}`);
  for (const part of PARTS) if (!section.includes(part)) problems.push(`${PAGE}, ${code}: has no part ${part}`);
}
for (const heading of sections.keys()) {
  if (!codes.has(heading)) problems.push(`${PAGE} describes ${heading}, which is no code`);
}

finish(problems, `errors: ${codes.size} codes, each with a class and a section of ${PAGE}`);
