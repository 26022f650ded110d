import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/**
 * Builds the native part of better-sqlite3, which an install of this repository leaves out: it is fetched from GitHub, or compiled where that
 * does not answer. Returns what went wrong, or nothing.
 */
export function buildSqlite(): string | undefined {
  const folder = dirname(createRequire(import.meta.url).resolve("better-sqlite3/package.json"));
  if (existsSync(join(folder, "build/Release/better_sqlite3.node"))) return undefined;
  process.stderr.write("Building better-sqlite3: it takes some minutes, once.\n");
  const { status, error } = spawnSync("npm", ["run", "install"], { cwd: folder, stdio: ["ignore", 2, 2], timeout: 900_000 });
  if (status === 0) return undefined;
  return `better-sqlite3 could not be built (${error?.message ?? `exit status ${status}`})`;
}
