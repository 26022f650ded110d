import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";

/** What both sides are made of. */
const PACKAGES = ["@langchain/core", "@langchain/langgraph", "@langchain/langgraph-checkpoint"];

function versionOf(name: string, require: NodeJS.Require): string | undefined {
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return (JSON.parse(readFileSync(join(folder, name, "package.json"), "utf8")) as { version: string }).version;
    } catch {
      // It is not in this folder.
    }
  }
  return undefined;
}

/** The version of this package. */
export function ownVersion(): string {
  return (JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }).version;
}

/** The versions that a report is about: those that the module under test sees. */
export function versionsAround(path: string): Record<string, string> {
  const require = createRequire(join(dirname(resolve(path)), "target.js"));
  const found = PACKAGES.map((name) => [name, versionOf(name, require)] as const).filter(([, version]) => version !== undefined);
  return { node: process.versions.node, "@holdfast/checkpoint-conformance": ownVersion(), ...Object.fromEntries(found) };
}
