import { servedProject } from "@holdfast/adapter-tests/children/langgraph-server";
import { givenStoreUrl } from "@holdfast/adapter-tests/children/store-url";
import { openStore } from "../store-url.js";

export const { agent, unpinned, app } = servedProject(openStore(givenStoreUrl()));
