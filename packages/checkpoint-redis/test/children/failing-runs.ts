import { runFailingRuns } from "@holdfast/adapter-tests/children/failing-runs";
import { openStore } from "../store-url.js";

runFailingRuns((url, options) => openStore(url, options));
