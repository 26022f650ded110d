import { serverRestartTests } from "@holdfast/adapter-tests";
import { poolOf } from "../pooled-savers.js";
import { privateTarget } from "./private-server.js";

serverRestartTests({ ...privateTarget, refusals: (saver) => poolOf(saver).refusals });
