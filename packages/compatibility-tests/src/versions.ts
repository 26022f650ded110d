/** Which versions the tests of this package run on; `docs/reference/compatibility.md` says the same. Everything else runs on the catalog of pnpm-workspace.yaml. */

/** The oldest versions that are supported, in place of those of the catalog: the lower ends of the peer ranges. */
export const OLDEST_LINE = {
  "@langchain/core": "1.2.13",
  "@langchain/langgraph": "1.4.17",
  "@langchain/langgraph-checkpoint": "1.1.5",
  "@langchain/langgraph-supervisor": "1.1.2",
  "@langchain/langgraph-swarm": "1.0.3",
  ioredis: "5.9.0",
  pg: "8.11.0",
};

/** Majors of Node; of each, the newest that npm has for this machine. */
export const NODES = [20, 22, 24, 26];

export const RUNTIMES = { bun: "1.4.5", deno: "2.9.6" };

export const BUNDLERS = {
  "@rollup/plugin-commonjs": "29.0.3",
  "@rollup/plugin-json": "6.1.0",
  "@rollup/plugin-node-resolve": "16.0.3",
  esbuild: "0.28.2",
  rollup: "4.68.8",
  vite: "8.3.8",
};

export const NEXT = { next: "16.4.6", react: "19.3.1", "react-dom": "19.3.1" };

/** Needs Node 22, which the repository itself does not. */
export const NEXT_VITEST = { vitest: "5.1.1" };
