import { checkpointConformance } from "../src/index.js";
import { referenceTarget } from "./reference-target.js";

checkpointConformance(referenceTarget("the reference saver"), { expectedCases: 351 });
