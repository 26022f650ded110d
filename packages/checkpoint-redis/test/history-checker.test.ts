import { historyCheckerTests } from "@holdfast/adapter-tests";
import { threadLifeTarget } from "./thread-life-target.js";

historyCheckerTests({ ...threadLifeTarget, through: (proxy, url) => proxy.url(url) });
