import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** Where a package puts a server although not everybody's PATH leads there: Debian, a build of one's own, Homebrew. */
const BESIDES_PATH = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"];

/** The folders in which this machine's programs are looked for. */
export function programFolders(): string[] {
  return [...(process.env.PATH ?? "").split(delimiter), ...BESIDES_PATH].filter((folder) => folder !== "");
}

/**
 * The first program that can be run: in the order of the folders, then of the names. The path is given as found: a program that is several
 * in one, as Redis is, looks at the name by which it was called.
 */
export async function findProgram(
  names: readonly string[],
  folders: readonly string[] = programFolders(),
): Promise<string | undefined> {
  for (const folder of folders) {
    for (const name of names) {
      const path = join(folder, name);
      const isThere = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (isThere) return path;
    }
  }
  return undefined;
}
