/**
 * Holds the tests to docs/reference/contract.md, and the contract to its tests. Fails when
 *   - a rule (C-nn) has no test whose title starts with it,
 *   - a test title, a comment, or a page cites a rule that does not exist,
 *   - a rule is defined twice,
 *   - a test of the conformance suite, or one that all adapters share, has a title that starts with no rule.
 *
 * A title may start with several rules ("C-30 C-72 …"); a title inside `describe("C-30 …")` starts with C-30. Skipped and todo
 * tests do not count. Titles are read from the syntax tree, so neither a comment nor a string passes for a test.
 */
import ts from "typescript";
import { find, finish, read } from "./repository.mjs";

/** Rules that no test checks yet: rule → reason. Printed on every run. */
const KNOWN_GAPS = {};

const SUITE = /^packages\/(checkpoint-conformance|adapter-tests)\/src\//;
const TESTED_FROM = /^packages\/[^/]+\/(test\/.*\.ts|src\/.*\.test\.ts)$/;
const CITED_FROM = /^(packages|examples|bench|docs)\/.*\.(ts|sql|lua|md)$/;

const problems = [];

const rules = new Map();
for (const [index, line] of read("docs/reference/contract.md").split("\n").entries()) {
  const id = /^[-*] \*\*(C-\d+)\*\*/.exec(line)?.[1];
  if (id === undefined) continue;
  if (rules.has(id))
    problems.push(`docs/reference/contract.md:${index + 1} defines ${id} again (first on line ${rules.get(id)})`);
  else rules.set(id, index + 1);
}
if (rules.size === 0) problems.push("docs/reference/contract.md defines no rule");

/** `it.for(rows)("title")` → ["it", "for"]; a call that is no test → []. */
function calledNames(expression) {
  if (ts.isIdentifier(expression)) return [expression.text];
  if (ts.isPropertyAccessExpression(expression)) return [...calledNames(expression.expression), expression.name.text];
  if (ts.isCallExpression(expression) || ts.isTaggedTemplateExpression(expression)) {
    return calledNames(ts.isCallExpression(expression) ? expression.expression : expression.tag);
  }
  return [];
}

/** The fixed text that a title starts with; undefined when the argument is no title at all (e.g. the rows of `it.for`). */
function titleOf(argument) {
  if (argument === undefined) return undefined;
  if (ts.isStringLiteralLike(argument)) return argument.text;
  if (ts.isTemplateExpression(argument)) return argument.head.text;
  return undefined;
}

const leadingRules = (title) => /^(?:C-\d+[\s,/+&:]*)*/.exec(title)[0].match(/C-\d+/g) ?? [];

/** Calls `visit` with every test of a file: its title, the rules it starts with, its line. */
function eachTest(path, visit) {
  const file = ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true);
  const walk = (node, inherited) => {
    let outer = inherited;
    if (ts.isCallExpression(node)) {
      const [kind, ...modifiers] = calledNames(node.expression);
      const title = titleOf(node.arguments[0]);
      const isSuite = kind === "describe" || kind === "suite";
      const isTest = kind === "it" || kind === "test";
      // `it.for(rows)("title", …)` is two calls: only the outer one, which is given a function, is a test.
      const isRun = node.arguments.slice(1).some((a) => ts.isFunctionLike(a) || ts.isIdentifier(a) || ts.isCallExpression(a));
      if ((isSuite || isTest) && isRun && !modifiers.some((name) => name === "skip" || name === "todo")) {
        const own = leadingRules(title ?? "");
        if (isSuite) outer = [...inherited, ...own];
        else {
          const line = file.getLineAndCharacterOfPosition(node.getStart()).line + 1;
          visit({ title: title ?? node.arguments[0].getText(), rules: [...inherited, ...own], line });
        }
      }
    }
    ts.forEachChild(node, (child) => walk(child, outer));
  };
  walk(file, []);
}

const tested = new Map();
for (const path of find(/\.ts$/, "packages").filter((path) => SUITE.test(path) || TESTED_FROM.test(path))) {
  eachTest(path, (test) => {
    for (const rule of test.rules) tested.set(rule, (tested.get(rule) ?? 0) + 1);
    if (SUITE.test(path) && test.rules.length === 0)
      problems.push(`${path}:${test.line} title starts with no rule: ${test.title}`);
  });
}

for (const path of find(CITED_FROM)) {
  for (const [index, line] of read(path).split("\n").entries()) {
    for (const [id] of line.matchAll(/\bC-\d+\b/g)) {
      if (!rules.has(id)) problems.push(`${path}:${index + 1} cites ${id}, which docs/reference/contract.md does not define`);
    }
  }
}

for (const [id, line] of rules) {
  if (!tested.has(id) && !(id in KNOWN_GAPS)) problems.push(`docs/reference/contract.md:${line} ${id} has no test`);
}
for (const [id, reason] of Object.entries(KNOWN_GAPS)) {
  if (!rules.has(id)) problems.push(`KNOWN_GAPS names ${id}, which docs/reference/contract.md does not define`);
  else if (tested.has(id)) problems.push(`KNOWN_GAPS names ${id}, which has a test: remove it`);
  else console.warn(`! KNOWN GAP: ${id} has no test: ${reason}`);
}

const count = [...tested.values()].reduce((sum, n) => sum + n, 0);
finish(problems, `contract: ${rules.size} rules, ${count} test titles cite them`);
