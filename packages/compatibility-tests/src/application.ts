import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { manifestOf, PUBLISHED, repository } from "./repository.js";

const execute = promisify(execFile);
const template = fileURLToPath(new URL("../application/", import.meta.url));

/** A program that uses our packages as npm would give them, in a folder that knows nothing of this repository. */
export interface Application {
  readonly folder: string;
  /** Runs a program in the folder, and gives what it prints. */
  run(program: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>;
  remove(): Promise<void>;
}

/** @param tools what it needs besides our packages and their peers: name → version. */
export async function installApplication(tools: Readonly<Record<string, string>>): Promise<Application> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-application-"));
  await cp(template, folder, { recursive: true });
  const run: Application["run"] = async (program, args, env = {}) => {
    const { stdout } = await execute(program, args, { cwd: folder, env: { ...process.env, ...env }, maxBuffer: 2 ** 26 });
    return stdout;
  };
  const ours: Record<string, string> = {};
  const peers: Record<string, string> = {};
  const { packageManager } = await manifestOf(repository);
  for (const name of PUBLISHED) {
    const source = join(repository, "packages", name);
    const archive = join(folder, `${name}.tgz`);
    await execute("npx", ["--yes", packageManager, "pack", "--out", archive], { cwd: source });
    ours[`@holdfast/${name}`] = `file:${archive}`;
    Object.assign(peers, await installedPeers(source));
  }
  const manifest = { private: true, type: "module", dependencies: { ...ours, ...peers, ...tools } };
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
  // JSON is YAML. Our packages need each other, and are not on npm in this version.
  const settings = { packages: ["."], overrides: ours, minimumReleaseAge: 4320, onlyBuiltDependencies: ["bun", "deno"] };
  await writeFile(join(folder, "pnpm-workspace.yaml"), JSON.stringify(settings));
  await run("npx", ["--yes", packageManager, "install", "--no-frozen-lockfile", "--prefer-offline"]);
  return { folder, run, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** The peers that a package must have, in the versions that this repository develops on. */
async function installedPeers(source: string): Promise<Record<string, string>> {
  const { peerDependencies = {}, peerDependenciesMeta = {} } = await manifestOf(source);
  const names = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional);
  const versions = names.map(async (name) => [name, (await manifestOf(join(source, "node_modules", name))).version]);
  return Object.fromEntries(await Promise.all(versions)) as Record<string, string>;
}
