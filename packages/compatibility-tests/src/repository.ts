import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const repository = fileURLToPath(new URL("../../../", import.meta.url));

/** Folders in `packages`. */
export const PUBLISHED = ["checkpoint-core", "checkpoint-postgres", "checkpoint-redis", "checkpoint-conformance"];

interface Manifest {
  readonly version: string;
  /** Of the repository: `pnpm@…`. */
  readonly packageManager: string;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

export async function manifestOf(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Manifest;
}
