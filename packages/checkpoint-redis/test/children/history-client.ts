import { runHistoryClient } from "@holdfast/adapter-tests/children/history-client";
import { openStore } from "../store-url.js";

runHistoryClient((url, { timeoutMs, connections: _, ...options }) => openStore(url, { commandTimeoutMs: timeoutMs, ...options }));
