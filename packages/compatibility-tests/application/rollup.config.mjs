import commonjs from "@rollup/plugin-commonjs";
import json from "@rollup/plugin-json";
import { nodeResolve } from "@rollup/plugin-node-resolve";

export default {
  input: "main.mjs",
  external: ["pg-native"],
  plugins: [nodeResolve({ exportConditions: ["node"], preferBuiltins: true }), commonjs({ ignoreDynamicRequires: true }), json()],
};
