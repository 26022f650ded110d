import { runFailingRuns } from "@holdfast/adapter-tests/children/failing-runs";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";

runFailingRuns((url, options) => PostgresSaver.fromConnString(url, { poolSize: 4, ...options }));
