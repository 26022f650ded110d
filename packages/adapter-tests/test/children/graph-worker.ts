import { runGraphWorker } from "../../src/children/graph-worker.js";
import { openRedis } from "../open.js";
runGraphWorker((url) => openRedis(url));
