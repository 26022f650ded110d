import { runGraphWorker } from "@holdfast/adapter-tests/children/graph-worker";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";

runGraphWorker((url) => PostgresSaver.fromConnString(url, { poolSize: 4 }));
