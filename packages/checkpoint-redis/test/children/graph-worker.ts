import { runGraphWorker } from "@holdfast/adapter-tests/children/graph-worker";
import { openStore } from "../store-url.js";

runGraphWorker((url) => openStore(url));
