import { runSetUp } from "../../src/children/set-up.js";
import { openRedis } from "../open.js";
runSetUp((url) => openRedis(url));
