export default {
  build: {
    target: "node20",
    ssr: "main.mjs",
    rolldownOptions: { output: { entryFileNames: "[name].mjs", chunkFileNames: "[name].mjs" } },
  },
  ssr: { noExternal: true, external: ["pg-native"] },
};
