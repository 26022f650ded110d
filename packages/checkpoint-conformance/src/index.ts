export {
  type CaseContext,
  type CaseOptions,
  type ConformanceCase,
  type ConformanceSuite,
  defineSuite,
  HangingCaseError,
  type Hook,
  type RunCaseOptions,
  rulesOf,
  runCase,
  whyNot,
} from "./case.js";
export { type Level, levelOf, levels } from "./levels.js";
export { type ConformanceOptions, checkpointConformance } from "./register.js";
export { type CaseResult, type Counts, caseLine, type LevelResult, type Report, summary } from "./report.js";
export { caseCount, type RunOptions, runConformance } from "./run.js";
export {
  answerWith,
  assertAsInMemory,
  type Comparison,
  outcome,
  ReferenceSaver,
  type Scenario,
  type ScenarioRun,
} from "./scenarios/scenario.js";
export { type JourneyScenario, type NamedScenario, scenarioSuite, type TravellingGraph } from "./scenarios/scenario-suite.js";
export type { StatefulGraph } from "./scenarios/thread-record.js";
export type { SpawnedProcessOptions, SpawnedSaver } from "./spawned-saver.js";
export { asInMemory } from "./suites/as-in-memory/index.js";
export { type RandomCommandsOptions, randomCommands } from "./suites/random-programs.js";
export { allSuites } from "./suites.js";
export {
  type Capability,
  type ConformanceTarget,
  type Failure,
  holdfastErrors,
  type LifecycleTarget,
  type OpenOptions,
  type Spawn,
  type SpawnedTarget,
  type Supports,
} from "./target.js";
