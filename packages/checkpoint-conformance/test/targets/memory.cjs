const { MemorySaver } = require("@langchain/langgraph-checkpoint");

const store = new MemorySaver();

module.exports = async () => ({ name: "from CommonJS", open: async () => store, close: async () => {} });
