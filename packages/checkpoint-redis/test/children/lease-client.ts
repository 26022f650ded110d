import { runLeaseClient } from "@holdfast/adapter-tests/children/lease-client";
import { openStore } from "../store-url.js";

// Impatient: what the checker does to a connection is to become an error of the client soon.
runLeaseClient((url) => openStore(url, { commandTimeoutMs: 300, retry: { maxElapsedMs: 600, maxDelayMs: 50 } }));
