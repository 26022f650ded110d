import { runLeaseClient } from "@holdfast/adapter-tests/children/lease-client";
import { openStore } from "../store-url.js";

runLeaseClient((url, { timeoutMs, retry }) => openStore(url, { commandTimeoutMs: timeoutMs, retry }));
