import { execFile } from "node:child_process";
import { chmod, chown, lstat, mkdtemp, readdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Whom a server runs as. Empty: as ourselves. */
export type RunAs = { readonly uid: number; readonly gid: number } | Record<string, never>;

const CANDIDATES = ["postgres", "nobody"];

/** PostgreSQL and PgBouncer refuse to run as root, and containers usually are root: then an unprivileged user is borrowed. */
export async function unprivilegedUser(): Promise<RunAs> {
  if (process.getuid?.() !== 0) return {};
  for (const name of CANDIDATES) {
    const ids = await idsOf(name).catch(() => undefined);
    if (ids !== undefined) return ids;
  }
  throw new Error(
    `Running as root, and none of the users ${CANDIDATES.join(", ")} exists to run the server as.\n` +
      "Create one: useradd --system postgres",
  );
}

async function idsOf(name: string): Promise<RunAs> {
  const [uid, gid] = await Promise.all([run("id", ["-u", name]), run("id", ["-g", name])]);
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

/** A fresh folder that belongs to `runAs`, in which the server keeps everything. */
export async function serverFolder(prefix: string, runAs: RunAs): Promise<string> {
  const folder = await mkdtemp(join(await reachableTemporaryFolder(runAs), `holdfast-${prefix}-`));
  await giveTo(folder, runAs);
  return folder;
}

/** Hands a file or a folder with all that is in it to `runAs`. */
export async function giveTo(path: string, runAs: RunAs): Promise<void> {
  const { uid, gid } = runAs;
  if (uid === undefined || gid === undefined) return;
  const entry = await lstat(path);
  if (entry.isSymbolicLink()) return;
  await chown(path, uid, gid);
  if (!entry.isDirectory()) return;
  await chmod(path, 0o700);
  for (const name of await readdir(path)) await giveTo(join(path, name), runAs);
}

/** A TMPDIR below a closed home folder is of no use to a server that runs as another user. */
async function reachableTemporaryFolder(runAs: RunAs): Promise<string> {
  const folder = tmpdir();
  if (runAs.uid === undefined) return folder;
  for (let path = folder; ; path = dirname(path)) {
    const { mode } = await stat(path);
    if ((mode & 0o001) === 0) return "/tmp";
    if (path === dirname(path)) return folder;
  }
}
