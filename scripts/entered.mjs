/**
 * Which of our files and functions a warm `put` and a cold `getTuple` enter, on a real Postgres: what a reader has to follow. And how many promises they make, the
 * driver's included: in a process that uses AsyncLocalStorage, as LangGraph does, each takes some 1 us.
 * `pnpm entered` prints the files in the order of their folders; `--functions` names the functions, too.
 */
import { createHook } from "node:async_hooks";
import { Session } from "node:inspector/promises";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { createViteServer } from "vitest/node";
import { root } from "./repository.mjs";
import { textModules } from "./text-modules.mjs";

const conditions = ["@holdfast/source"];
const server = await createViteServer({
  root,
  configFile: false,
  logLevel: "error",
  server: { middlewareMode: true, watch: null },
  plugins: [textModules],
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["node", "import"] } },
});
const load = (path) => server.ssrLoadModule(`${root}/${path}`);
const { startPostgres, createDatabase } = await load("packages/test-servers/src/index.ts");
const { PostgresSaver } = await load("packages/checkpoint-postgres/src/index.ts");
const postgres = await startPostgres({ private: true });
const { url } = await createDatabase(postgres.url);

/** A turn's checkpoint, which grows by a message. */
const put = (saver, step) => {
  const id = `1f1eb7d6-0000-6000-8000-${String(step).padStart(12, "0")}`;
  const parent = step === 0 ? {} : { checkpoint_id: `1f1eb7d6-0000-6000-8000-${String(step - 1).padStart(12, "0")}` };
  const messages = Array.from({ length: step + 1 }, (_, n) => `message ${n}`);
  return saver.put(
    { configurable: { thread_id: "user-1", checkpoint_ns: "", ...parent } },
    { v: 4, id, ts: "", channel_values: { messages }, channel_versions: { messages: step + 1 }, versions_seen: {} },
    { source: "loop", step, parents: {} },
    { messages: step + 1 },
  );
};

const session = new Session();
session.connect();
await session.post("Debugger.enable");
await session.post("Profiler.enable");

/** What Vite makes of an `export`, and calls wherever its name is used. */
const ACCESSOR = /^\(\) => \{ try \{ return [\w.]+ \} catch \{\} \}$/;

/** How V8 calls the initial values of a class's fields, which it counts as a function. */
const FIELDS = "<instance_members_initializer>";

let promises = 0;
const counting = createHook({
  init(_id, type) {
    if (type === "PROMISE") promises += 1;
  },
});

/** How many promises `run` makes. */
async function made(run) {
  promises = 0;
  counting.enable();
  const running = run();
  await running;
  counting.disable();
  return promises;
}

/** Functions that `run` enters, by file. */
async function entered(run) {
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  await session.post("Profiler.takePreciseCoverage");
  await run();
  const { result } = await session.post("Profiler.takePreciseCoverage");
  await session.post("Profiler.stopPreciseCoverage");
  const files = new Map();
  for (const { scriptId, url: script, functions } of result) {
    const file = relative(root, script.startsWith("file:") ? fileURLToPath(script) : script).split("?")[0];
    if (!/^packages\/checkpoint-(core|postgres)\/src\//.test(file)) continue;
    const { scriptSource } = await session.post("Debugger.getScriptSource", { scriptId });
    const names = functions
      .filter(
        ({ ranges: [{ count, startOffset, endOffset }] }) =>
          count > 0 && !ACCESSOR.test(scriptSource.slice(startOffset, endOffset)),
      )
      .map(({ functionName }) => functionName || "(anonymous)")
      .filter((name) => name !== FIELDS);
    if (names.length > 0) files.set(file, names);
  }
  return files;
}

const saver = PostgresSaver.fromConnString(url);
const savers = [saver];
await saver.setup();
for (let step = 0; step < 10; step += 1) await put(saver, step);
/** Of a saver that is connected, and has read nothing of the thread. */
const coldRead = async () => {
  const cold = PostgresSaver.fromConnString(url);
  await cold.getTuple({ configurable: { thread_id: "somebody else" } });
  savers.push(cold);
  return () => cold.getTuple({ configurable: { thread_id: "user-1" } });
};
const measured = {
  "warm put": [await entered(() => put(saver, 10)), await made(() => put(saver, 11))],
  "cold getTuple": [await entered(await coldRead()), await made(await coldRead())],
};
for (const [name, [files, count]] of Object.entries(measured)) {
  console.log(`${name}: ${files.size} files, ${[...files.values()].flat().length} functions, ${count} promises`);
  for (const [file, functions] of [...files].sort()) {
    console.log(`  ${file}: ${process.argv.includes("--functions") ? functions.join(", ") : functions.length}`);
  }
}
await Promise.all(savers.map((each) => each.end()));
await server.close();
await postgres.stop();
process.exit(0);
