import type { ConformanceCase, ConformanceSuite } from "./case.js";
import { concurrentRuns } from "./suites/concurrent-runs.js";
import { conflicts } from "./suites/conflicts.js";
import { cutConnections } from "./suites/cut-connections.js";
import { deletedThreads } from "./suites/deleted-threads.js";
import { fidelity } from "./suites/fidelity.js";
import { instances } from "./suites/instances.js";
import { largeState } from "./suites/large-state.js";
import { leases } from "./suites/leases.js";
import { lifecycle } from "./suites/lifecycle.js";
import { processes } from "./suites/processes.js";
import { randomPrograms } from "./suites/random-programs.js";
import type { Capability } from "./target.js";

/** How far a saver goes; each level includes those before it. */
export type Level = "base" | "durable" | "concurrent" | "exclusive";

/** From the first to the last. */
export const levels: readonly Level[] = ["base", "durable", "concurrent", "exclusive"];

/** Suites that belong to a level above `base`. */
const levelOfSuite = new Map<string, Level>([
  ...[fidelity, largeState, lifecycle, cutConnections, randomPrograms].map(({ name }) => [name, "durable"] as const),
  ...[instances, processes, concurrentRuns, deletedThreads].map(({ name }) => [name, "concurrent"] as const),
  ...[leases, conflicts].map(({ name }) => [name, "exclusive"] as const),
]);

/** Capabilities without which a saver does not reach a level. The others are extras: cases that require them count for no level. */
const levelOfCapability: Partial<Readonly<Record<Capability, Level>>> = {
  losslessValues: "durable",
  exactMetadata: "durable",
  ownParent: "durable",
  commitOrder: "concurrent",
  deleteDuringWrites: "concurrent",
  tombstones: "concurrent",
  processes: "concurrent",
  leases: "exclusive",
  rejectedConflicts: "exclusive",
};

const rank = (level: Level): number => levels.indexOf(level);

/** Whether `level` includes `other`. */
export const includesLevel = (level: Level, other: Level): boolean => rank(other) <= rank(level);

/** The level that a case belongs to: that of its suite, or of the highest capability that it requires; none when it requires an extra. */
export function levelOf(suite: ConformanceSuite, { options: { requires = [] } }: ConformanceCase): Level | "extra" {
  if (requires.some((capability) => levelOfCapability[capability] === undefined)) return "extra";
  const all = [levelOfSuite.get(suite.name) ?? "base", ...requires.map((each) => levelOfCapability[each] ?? "base")];
  return levels[Math.max(...all.map(rank))] ?? "base";
}

/** The capabilities that a level, and those before it, cannot do without. */
export function capabilitiesOf(level: Level): readonly Capability[] {
  const all = Object.entries(levelOfCapability) as [Capability, Level][];
  return all.filter(([, of]) => includesLevel(level, of)).map(([capability]) => capability);
}
