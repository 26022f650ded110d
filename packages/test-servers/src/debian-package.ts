import { execFile } from "node:child_process";
import { access, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A program out of a Debian package that is not installed: its file, and the environment in which it finds its libraries. */
export interface UnpackedProgram {
  readonly binary: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Downloads a package and what it needs beyond what is installed, and unpacks them in a cache folder. Installs nothing and needs no rights: apt's
 * lists and cache are kept in that folder, too.
 *
 * @param companions packages that the program's file leads to. They are fetched even where they are installed: a link would lead nowhere.
 * @returns `undefined` on a machine without apt.
 */
export async function unpackDebianPackage(
  name: string,
  program: string,
  companions: readonly string[] = [],
): Promise<UnpackedProgram | undefined> {
  if (!(await exists("/usr/bin/apt-get"))) return undefined;
  const cache = join(tmpdir(), `holdfast-debian-${process.getuid?.() ?? 0}`);
  const root = join(cache, name);
  if (!(await exists(join(root, program)))) await unpack(name, companions, cache, root);
  // A package whose libraries are all installed brings none.
  const brought = (await exists(join(root, "usr/lib"))) ? await readdir(join(root, "usr/lib")) : [];
  const libraries = brought.filter((folder) => folder.endsWith("-linux-gnu"));
  const path = [...libraries.map((folder) => join(root, "usr/lib", folder)), process.env.LD_LIBRARY_PATH]
    .filter(Boolean)
    .join(":");
  return { binary: join(root, program), env: { LD_LIBRARY_PATH: path } };
}

async function unpack(name: string, companions: readonly string[], cache: string, root: string): Promise<void> {
  // Somebody else may do the same: each works in a folder of its own, and the first to finish gives it its name.
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, `${name}.`));
  const lists = join(work, "lists");
  await mkdir(join(lists, "partial"), { recursive: true });
  await mkdir(join(work, "archives", "partial"), { recursive: true });
  await mkdir(join(work, "root"));
  const options = [
    "-o",
    `Dir::State::Lists=${lists}`,
    "-o",
    `Dir::Cache=${work}`,
    "-o",
    "APT::Sandbox::User=",
    "-o",
    "Debug::NoLocking=1",
  ];
  const apt = (...args: string[]): Promise<{ stdout: string }> => run("/usr/bin/apt-get", [...options, ...args], { cwd: work });
  await apt("update");
  const { stdout } = await apt("install", "--reinstall", "--print-uris", "--yes", "--no-install-recommends", name, ...companions);
  // 'http://…/pool/main/p/pgbouncer/pgbouncer_1.18.0-1+b1_amd64.deb' pgbouncer_1.18.0-1+b1_amd64.deb 239960 SHA256:…
  const packages = [...stdout.matchAll(/^'[^']+' ([^_\s]+)_/gm)].map(([, packageName]) => packageName as string);
  await apt("download", ...packages);
  for (const file of await readdir(work)) {
    if (file.endsWith(".deb")) await run("dpkg-deb", ["-x", join(work, file), join(work, "root")]);
  }
  await rename(join(work, "root"), root).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  });
  await rm(work, { recursive: true, force: true });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
