import { checkpointConformance } from "../src/index.js";
import { memoryTarget } from "./memory-target.js";

checkpointConformance(memoryTarget("MemorySaver"));
