import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Report } from "@holdfast/checkpoint-conformance/runner";
import type { System } from "./systems.js";

/** What became of one system. */
export type Outcome = { readonly system: System; readonly version: string } & (
  | { readonly report: Report }
  | { readonly notRun: string }
);

const RESULTS = fileURLToPath(new URL("./results/", import.meta.url));
const require = createRequire(import.meta.url);

const command = (): string =>
  join(dirname(require.resolve("@holdfast/checkpoint-conformance/package.json")), "bin/checkpoint-conformance.mjs");

/** The version of an installed package. */
export function versionOf(packageName: string): string {
  for (const folder of require.resolve.paths(packageName) ?? []) {
    try {
      return (JSON.parse(readFileSync(join(folder, packageName, "package.json"), "utf8")) as { version: string }).version;
    } catch {
      // It is not in this folder.
    }
  }
  return "?";
}

/** Runs the published command on a system, as its author would. */
export async function runSystem(system: System, servers: NodeJS.ProcessEnv): Promise<Outcome> {
  mkdirSync(RESULTS, { recursive: true });
  const json = join(RESULTS, `${system.id}.json`);
  rmSync(json, { force: true });
  const target = fileURLToPath(new URL(`./targets/${system.id}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [command(), target, "--json", json, "--quiet"], {
    env: { ...process.env, ...servers },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const [status] = (await once(child, "close")) as [number | null];
  const version = versionOf(system.packageName);
  if (status === 0 || status === 1) return { system, version, report: JSON.parse(readFileSync(json, "utf8")) as Report };
  process.stderr.write(errors);
  return { system, version, notRun: `its target could not be opened (exit status ${status})` };
}
