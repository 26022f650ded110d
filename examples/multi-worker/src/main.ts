import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { demonstrate } from "./demonstration.js";
import { modelSettings, openModel } from "./model.js";
import { DEFAULT_CONVERSATIONS, type Options, parseOptions, USAGE, UsageError } from "./options.js";
import { faultsOf, Progress, table } from "./report.js";
import { samples } from "./samples.js";
import { stores } from "./store.js";
import { type Conversation, readTranscripts, TranscriptError } from "./transcripts.js";

process.exitCode = await main().catch((error: Error) => {
  if (error instanceof UsageError) return complain(`${error.message}\n\n${USAGE}`, 2);
  if (error instanceof TranscriptError) return complain(error.message, 2);
  return complain(error.message, 1);
});

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") {
    console.log(USAGE);
    return 0;
  }
  const conversations = await conversationsOf(options);
  const folder = await mkdtemp(join(tmpdir(), "holdfast-demo-"));
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    return await run(options, conversations, join(folder, "ledger.jsonl"), interrupted.signal);
  } catch (error) {
    if (interrupted.signal.aborted) return complain("Interrupted.", 130);
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

async function conversationsOf({ transcripts, limit }: Options): Promise<readonly Conversation[]> {
  if (transcripts !== undefined) return (await readTranscripts(transcripts)).slice(0, limit);
  return Array.from({ length: limit ?? DEFAULT_CONVERSATIONS }, (_, index) => samples[index % samples.length] ?? []);
}

async function run(
  options: Options,
  conversations: readonly Conversation[],
  ledger: string,
  signal: AbortSignal,
): Promise<number> {
  const progress = new Progress(options.json ? process.stderr : process.stdout);
  const env = {
    ...process.env,
    TRANSCRIPTS: options.transcripts === undefined ? "" : resolve(options.transcripts),
    LATENCY_MS: String(options.latencyMs),
  };
  const settings = modelSettings(env);
  // Opened here too, so that a wrong setting is one clear error and not one of every worker.
  const model = await openModel(settings);

  progress.say(`Starting a ${options.store} server …`);
  const store = await stores[options.store].start();
  try {
    signal.throwIfAborted();
    progress.say(
      `${conversations.length} conversations on ${options.workers} workers, ${options.kills} of which will be killed and ` +
        `${options.freezes} frozen (seed ${options.seed}).\n` +
        `Store: ${store.server}. Model: ${model.name}.`,
    );
    const report = await demonstrate({
      options,
      conversations,
      ledger,
      signal,
      progress,
      store,
      model: model.name,
      isLive: settings.live !== undefined,
      env,
    });
    const faults = faultsOf(report, options);
    progress.say(`\n${table(report)}\n`);
    for (const fault of faults) console.error(`FAILED: ${fault}.`);
    if (options.json) console.log(JSON.stringify(report));
    return faults.length === 0 ? 0 : 1;
  } finally {
    await store.stop();
  }
}

function complain(message: string, exitCode: number): number {
  console.error(message);
  return exitCode;
}
