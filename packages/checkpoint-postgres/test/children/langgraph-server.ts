import { servedProject } from "@holdfast/adapter-tests/children/langgraph-server";
import { givenStoreUrl } from "@holdfast/adapter-tests/children/store-url";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";

export const { agent, unpinned, app } = servedProject(PostgresSaver.fromConnString(givenStoreUrl(), { poolSize: 2 }));
