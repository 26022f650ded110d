import { runLargeState } from "../../src/children/large-state.js";
import { openRedis } from "../open.js";
runLargeState((url) => openRedis(url));
