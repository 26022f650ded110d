import { runLeaseClient } from "@holdfast/adapter-tests/children/lease-client";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";

// Impatient: what the checker does to a connection is to become an error of the client soon.
const impatient = { statementTimeoutMs: 300, connectTimeoutMs: 300, retry: { maxElapsedMs: 600, maxDelayMs: 50 } };

runLeaseClient((url) => PostgresSaver.fromConnString(url, { poolSize: 3, ...impatient }));
