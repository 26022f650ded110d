import { runSweeper } from "@holdfast/adapter-tests/children/sweeper";
import { openStore } from "../store-url.js";

runSweeper((url) => openStore(url, { retention: { keepLast: 1 } }));
