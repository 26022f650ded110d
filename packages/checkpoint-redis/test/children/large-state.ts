import { runLargeState } from "@holdfast/adapter-tests/children/large-state";
import { openStore } from "../store-url.js";

runLargeState((url) => openStore(url));
