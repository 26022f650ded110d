import { runHistoryClient } from "@holdfast/adapter-tests/children/history-client";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";

runHistoryClient((url, { timeoutMs, connections, ...options }) =>
  PostgresSaver.fromConnString(url, {
    poolSize: connections,
    statementTimeoutMs: timeoutMs,
    connectTimeoutMs: timeoutMs,
    ...options,
  }),
);
