export {
  type CaseContext,
  type CaseOptions,
  type ConformanceCase,
  type ConformanceSuite,
  type Hook,
  rulesOf,
  runCase,
  whyNot,
} from "./case.js";
export { checkpointConformance } from "./register.js";
export { allSuites } from "./suites.js";
export {
  type Capability,
  type ConformanceTarget,
  type Failure,
  holdfastErrors,
  type LifecycleTarget,
  type OpenOptions,
  type Supports,
} from "./target.js";
