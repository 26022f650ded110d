import { runLeaseWorker } from "@holdfast/adapter-tests/children/lease-worker";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";

runLeaseWorker((url) => PostgresSaver.fromConnString(url, { poolSize: 4 }));
