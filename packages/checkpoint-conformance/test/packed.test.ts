import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { versionsAround } from "../src/versions.js";

const run = promisify(execFile);
const ownFolder = fileURLToPath(new URL("..", import.meta.url));
const patient = { timeout: 300_000 };

let folder: string;
let readme: string;

/** What is published, and what npm would give along, in a folder that knows nothing of this repository. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "conformance-packed-"));
  readme = await readFile(join(ownFolder, "README.md"), "utf8");
  const root = JSON.parse(await readFile(join(ownFolder, "../../package.json"), "utf8")) as { packageManager: string };
  const pnpm = (cwd: string, ...args: string[]) => run("npx", ["--yes", root.packageManager, ...args], { cwd });
  await pnpm(ownFolder, "pack", "--out", join(folder, "packed.tgz"));
  const { "@langchain/core": core, "@langchain/langgraph": langgraph } = versionsAround(join(ownFolder, "package.json"));
  const vitest = (JSON.parse(await readFile(join(ownFolder, "node_modules/vitest/package.json"), "utf8")) as { version: string })
    .version;
  const devDependencies = {
    "@holdfast/checkpoint-conformance": "file:./packed.tgz",
    "@langchain/core": core,
    "@langchain/langgraph": langgraph,
    vitest,
  };
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true, devDependencies }));
  await pnpm(folder, "install", "--prefer-offline", "--ignore-workspace");
}, 300_000);
afterAll(async () => rm(folder, { recursive: true, force: true }));

/** The first block of the README below a text. */
function blockBelow(text: string): string {
  const block = /```\w+\n([\s\S]*?)```/.exec(readme.slice(readme.indexOf(text)))?.[1];
  if (!readme.includes(text) || block === undefined) throw new Error(`The README has no block below "${text}".`);
  return block;
}

/** What the command prints, whatever its exit status: `MemorySaver` does not keep all of the contract. */
const command = (...args: string[]): Promise<string> =>
  new Promise((resolve) => {
    const bin = join(folder, "node_modules/.bin/checkpoint-conformance");
    execFile(bin, args, { cwd: folder, timeout: 240_000 }, (_, output, errors) => resolve(`${output}${errors}`));
  });

const node = (file: string) => run(process.execPath, [file], { cwd: folder, timeout: 240_000 });

describe("the packed package, as its README says", () => {
  it("reports on the first target, by its command", patient, async () => {
    await writeFile(join(folder, "my-saver.mjs"), blockBelow("`my-saver.mjs`:"));
    const output = await command("./my-saver.mjs", "--only", "getTuple C");
    expect(output).toMatch(/✓ C-10 without a checkpoint id[\s\S]*my saver: \d of \d+ cases failed/);
  });

  it("reports on a target that is CommonJS", patient, async () => {
    const saver = blockBelow("`my-saver.mjs`:")
      .replace("export default", "module.exports =")
      .replace(/import (.*) from (.*);/, "const $1 = require($2);");
    await writeFile(join(folder, "my-saver.cjs"), saver);
    const output = await command("./my-saver.cjs", "--only", "C-38");
    expect(output).toContain("my saver: 0 of 1 cases failed");
  });

  it("starts processes for a target on files, whose module says where they are", patient, async () => {
    await copyFile(join(ownFolder, "test/targets/files.mjs"), join(folder, "files.mjs"));
    const output = await command("./files.mjs", "--only", "C-13 what one process");
    expect(output).toContain("a saver on files: 0 of 1 cases failed");
  });

  for (const [kind, text] of Object.entries({
    mjs: 'import { allSuites, runConformance, summary } from "@holdfast/checkpoint-conformance/runner";\nimport { MemorySaver } from "@langchain/langgraph";',
    cjs: 'const { allSuites, runConformance, summary } = require("@holdfast/checkpoint-conformance");\nconst { MemorySaver } = require("@langchain/langgraph");',
  })) {
    it(`runs without a test framework, in a program that is ${kind}`, patient, async () => {
      const program = `${text}
        const store = new MemorySaver();
        const suites = allSuites.filter(({ name }) => name === "put");
        runConformance({ name: "memory", open: async () => store, close: async () => {} }, { suites }).then((report) => {
          console.log(summary(report));
        });`;
      await writeFile(join(folder, `program.${kind}`), program);
      expect((await node(`program.${kind}`)).stdout).toMatch(/^memory: \d\d passed/);
    });
  }

  it("registers as many tests of vitest as it says", patient, async () => {
    await writeFile(join(folder, "my-saver.test.mjs"), blockBelow("The whole test file:"));
    const vitest = join(folder, "node_modules/.bin/vitest");
    const { stdout } = await run(vitest, ["run", "-t", "as many cases"], { cwd: folder, env: { ...process.env, NO_COLOR: "1" } });
    expect(stdout).toMatch(/Tests +1 passed/);
  });
});
