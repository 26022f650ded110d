import { runLeaseWorker } from "@holdfast/adapter-tests/children/lease-worker";
import { openStore } from "../store-url.js";

runLeaseWorker((url) => openStore(url));
