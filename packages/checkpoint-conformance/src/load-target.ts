import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { ConformanceTarget, SpawnedTarget } from "./target.js";

/** The module that was given is of no use: nothing was run. */
export class UnusableTargetError extends Error {
  override readonly name = "UnusableTargetError";
}

type Exported = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Exported => typeof value === "object" && value !== null;

const isTarget = (value: unknown): value is ConformanceTarget =>
  isObject(value) && typeof value.name === "string" && typeof value.open === "function" && typeof value.close === "function";

/**
 * The target that a module exports as its default, or as `target`: itself, or a function that makes it. CommonJS, whose exports come as the
 * default of an ES module, too.
 *
 * @param path of the module, or its `file:` URL.
 * @param store what the function is given: where the store is, in a process that another one has started.
 * @throws UnusableTargetError
 */
export async function loadTarget(path: string): Promise<ConformanceTarget>;
export async function loadTarget(path: string, store: unknown): Promise<SpawnedTarget>;
export async function loadTarget(path: string, store?: unknown): Promise<ConformanceTarget> {
  const file = path.startsWith("file:") ? fileURLToPath(path) : resolve(path);
  if (!existsSync(file)) throw new UnusableTargetError(`There is no file ${path}.`);
  let module: Exported;
  try {
    module = (await import(pathToFileURL(file).href)) as Exported;
  } catch (error) {
    throw new UnusableTargetError(`${path} cannot be loaded: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
  }
  const candidates = [module.default, module.target, isObject(module.default) ? module.default.default : undefined];
  for (const candidate of candidates) {
    if (isTarget(candidate)) return candidate;
    if (typeof candidate !== "function") continue;
    let made: unknown;
    try {
      made = await candidate(store);
    } catch (error) {
      throw new UnusableTargetError(
        `The function of ${path} fails: ${error instanceof Error ? (error.stack ?? error.message) : error}`,
      );
    }
    if (isTarget(made)) return made;
  }
  throw new UnusableTargetError(
    `${path} exports no target. Its default export must be { name, open, close, … } or a function that returns it.`,
  );
}
