import { runLeaseClient } from "@holdfast/adapter-tests/children/lease-client";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";

runLeaseClient((url, { timeoutMs, retry }) =>
  PostgresSaver.fromConnString(url, { poolSize: 3, statementTimeoutMs: timeoutMs, connectTimeoutMs: timeoutMs, retry }),
);
