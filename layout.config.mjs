/**
 * Who may need whom, types included: the one place that says so. `pnpm check:layout` holds the code to it.
 *
 * Core's folders, each with the folders it may need. All may need `errors.ts`.
 */
const CORE = {
  // What a caller gives: names of threads and checkpoints, labels, metadata, keys of a config.
  config: [],
  // What is stored, as bytes. It knows no store and no value, only their bytes, and what a checkpoint says of itself.
  format: ["config"],
  // Values to bytes and back: it writes the ropes of the format.
  serializer: ["format"],
  // What a store must do (types), and what every store needs: refusals, retries, small caches.
  store: ["config", "format"],
  // Leases are the store's; what runs under them only needs names.
  leases: ["config", "store"],
  // A prune holds the lease of its thread.
  retention: ["store", "config", "leases"],
  // Copies threads through the savers' own methods, under leases; compares values as the serializer writes them.
  migration: ["config", "format", "serializer", "store", "leases"],
  // The saver itself: everything comes together here.
  saver: ["config", "format", "serializer", "store", "leases", "retention", "migration"],
};

const core = "^packages/checkpoint-core/src/";
const entries = `${core}(index|adapter)[.]ts$`;
/** A test may use what it compares with. */
const tests = "[.]test(ing)?[.]ts$";

const coreFolders = Object.entries(CORE).map(([folder, allowed]) => ({
  name: `core-${folder}`,
  comment: `In core, ${folder}/ may need ${["errors.ts", ...allowed.map((name) => `${name}/`)].join(", ")} (CORE in layout.config.mjs).`,
  severity: "error",
  from: { path: `${core}${folder}/`, pathNot: tests },
  to: { path: core, pathNot: `${core}(errors[.]ts$|(${[folder, ...allowed].join("|")})/)` },
}));

export default {
  forbidden: [
    ...coreFolders,
    {
      name: "core-folder-without-rule",
      comment: "A new folder of core needs a line in CORE (layout.config.mjs).",
      severity: "error",
      from: { path: core, pathNot: `${core}([^/]+$|(${Object.keys(CORE).join("|")})/)` },
      to: {},
    },
    {
      name: "no-folders-that-need-each-other",
      comment: "Two folders that need each other are one subject, or a type stands in the wrong one.",
      severity: "error",
      scope: "folder",
      from: { path: "^packages/checkpoint-(core|postgres|redis)/src/." },
      to: { circular: true },
    },
    {
      name: "no-cycles",
      comment: "Modules that need each other cannot be read, or loaded, one after the other. Types may: they are erased.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "core-by-its-entries",
      comment: "Other packages need core through `index.ts` and `adapter.ts`, which are what is published.",
      severity: "error",
      from: { pathNot: "^packages/checkpoint-core/" },
      to: { path: "^packages/checkpoint-core/", pathNot: entries },
    },
    {
      name: "adapter-entry-for-adapters",
      comment: "An application that needs `@holdfast/checkpoint-core/adapter` lacks an export of the main entry.",
      severity: "error",
      from: { path: "^(examples|packages/checkpoint-conformance)/" },
      to: { path: `${core}adapter[.]ts$` },
    },
    {
      name: "adapters-apart",
      comment: "No adapter needs another, core needs no package of ours, and no published package a private one.",
      severity: "error",
      from: { path: "^packages/(checkpoint-(core|postgres|redis))/src/" },
      to: { path: "^packages/", pathNot: "^packages/($1|checkpoint-core)/" },
    },
    {
      name: "core-without-driver",
      comment: "Core has no driver, so that either adapter may use all of it.",
      severity: "error",
      from: { path: core },
      to: { path: "node_modules/(@types/)?(pg|ioredis)/" },
    },
    {
      name: "suite-by-itself",
      comment: "The conformance suite runs any saver, so it needs none of ours.",
      severity: "error",
      from: { path: "^packages/checkpoint-conformance/src/" },
      to: { path: "^packages/", pathNot: "^packages/checkpoint-conformance/" },
    },
    {
      name: "script-beside-its-operation",
      comment: "A script stands beside the module that runs it, as `x.lua` or `x.step.lua`; what scripts share stands in `lua/`.",
      severity: "error",
      from: { path: "^(.+/)([^/]+)[.]ts$" },
      to: { path: "[.](lua|sql)$", pathNot: ["^$1$2[.](lua|sql)$", "^$1$2[.][a-z-]+[.]lua$", "/src/(lua|migrations)/"] },
    },
    {
      name: "unresolved",
      comment: "The rules hold only for what is resolved.",
      severity: "error",
      from: { path: "^packages/checkpoint-(core|postgres|redis)/src/" },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    exclude: "(^|/)dist/",
    doNotFollow: "(^|/)node_modules/",
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@holdfast/source", "import", "node", "default", "types"],
      extensions: [".ts", ".mjs", ".js", ".cjs", ".json"],
    },
  },
};
