import { MemorySaver } from "@langchain/langgraph-checkpoint";

const store = new MemorySaver();

export default { name: "MemorySaver", open: async () => store, close: async () => {} };
