import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Beside the packages that a reader would install. From `src` and from `dist`, it is the same folder. */
const work = new URL("../dist/reproductions/", import.meta.url);

/** Runs a program of docs/conformance/; what it prints as it fails, undefined when it does not. */
export async function failureOf(file: string, databaseUrl: string): Promise<string | undefined> {
  mkdirSync(work, { recursive: true });
  const copy = new URL(file, work);
  copyFileSync(new URL(`../../../docs/conformance/${file}`, import.meta.url), copy);
  try {
    await run(process.execPath, [fileURLToPath(copy)], { env: { ...process.env, DATABASE_URL: databaseUrl }, timeout: 120_000 });
    return undefined;
  } catch (error) {
    return (error as { stderr: string }).stderr;
  }
}
