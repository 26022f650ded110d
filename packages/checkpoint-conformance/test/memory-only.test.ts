import { checkpointConformance, allSuites } from "../src/index.js";
import { memoryTarget } from "./memory-target.js";
import { referenceTarget } from "./reference-target.js";
const suites = allSuites.filter(({ name }) => /as in memory/.test(name));
checkpointConformance(memoryTarget("MemorySaver"), { suites });
checkpointConformance(referenceTarget("Ref"), { suites });
