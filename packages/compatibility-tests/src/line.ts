import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { manifestOf, repository } from "./repository.js";

const execute = promisify(execFile);
const LEFT_OUT = new Set([".git", "node_modules", "dist"]);

/** A copy of this repository, installed with other versions than those it is developed on. */
export interface Line {
  readonly folder: string;
  /** Runs pnpm in the copy, and gives what it prints. What fails is an error with all of that. */
  pnpm(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>;
  remove(): Promise<void>;
}

/** @param versions in place of the catalog's: name → version. */
export async function installLine(versions: Readonly<Record<string, string>>): Promise<Line> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-line-"));
  await cp(repository, folder, { recursive: true, filter: (path) => !LEFT_OUT.has(basename(path)) });
  await rewriteCatalog(join(folder, "pnpm-workspace.yaml"), versions);
  const { packageManager } = await manifestOf(repository);
  const pnpm: Line["pnpm"] = async (args, env = {}) => {
    const options = { cwd: folder, env: { ...process.env, ...env }, maxBuffer: 2 ** 28 };
    try {
      return (await execute("npx", ["--yes", packageManager, ...args], options)).stdout;
    } catch (error) {
      throw new Error(`${String(error)}\n${(error as { readonly stdout?: string }).stdout ?? ""}`, { cause: error });
    }
  };
  await pnpm(["install", "--no-frozen-lockfile", "--prefer-offline"]);
  return { folder, pnpm, remove: () => rm(folder, { recursive: true, force: true }) };
}

async function rewriteCatalog(file: string, versions: Readonly<Record<string, string>>): Promise<void> {
  let text = await readFile(file, "utf8");
  for (const [name, version] of Object.entries(versions)) {
    const entry = new RegExp(`^(  "?${name}"?: ).*$`, "m");
    if (!entry.test(text)) throw new Error(`The catalog of pnpm-workspace.yaml has no ${name}.`);
    text = text.replace(entry, `$1${version}`);
  }
  // Agents of others bring a LangGraph of their own, the newest; here they run on this one.
  const own = Object.keys(versions).filter((name) =>
    ["core", "langgraph", "langgraph-checkpoint"].some((each) => name === `@langchain/${each}`),
  );
  text = text.replace(/^overrides:\n/m, `overrides:\n${own.map((name) => `  "${name}": "catalog:"\n`).join("")}`);
  await writeFile(file, text);
}
