import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { checkLive, compareWithTranscript, contentBytes, total } from "./check.js";
import { Front } from "./front.js";
import { KillPlan, randomNumbers } from "./kill-plan.js";
import { parseLedger, tally } from "./ledger.js";
import { modelSettings, openModel } from "./model.js";
import { DEFAULT_CONVERSATIONS, type Options, parseOptions, USAGE, UsageError } from "./options.js";
import { type PlannedTurn, planTurns, play } from "./play.js";
import { faultsOf, Progress, type Report, table } from "./report.js";
import { samples } from "./samples.js";
import { type RunningStore, stores } from "./store.js";
import { Supervisor } from "./supervisor.js";
import { threadIdOf } from "./thread-ids.js";
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
      `${conversations.length} conversations on ${options.workers} workers, ${options.kills} of which will be killed (seed ${options.seed}).\n` +
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
      env,
      live: settings.live,
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

interface Demonstration {
  readonly options: Options;
  readonly conversations: readonly Conversation[];
  readonly ledger: string;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly store: RunningStore;
  readonly model: string;
  readonly live: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

async function demonstrate({
  options,
  conversations,
  ledger,
  signal,
  progress,
  store,
  model,
  live,
  env,
}: Demonstration): Promise<Report> {
  const turns = planTurns(conversations);
  const random = randomNumbers(options.seed);
  const plan = new KillPlan(turns, options.kills, random);
  const current = new Map<string, PlannedTurn>();
  let [begun, done] = [0, 0];

  const supervisor = new Supervisor({
    env: {
      ...env,
      STORE: options.store,
      DATABASE_URL: store.location.url,
      STORE_SPACE: store.location.space,
      LEDGER: ledger,
      PORT: "",
    },
    onBegin(worker, thread) {
      begun += 1;
      const turn = current.get(thread);
      if (turn === undefined || !plan.claim(turn)) return;
      const kill = () => {
        if (!supervisor.killInNode(worker)) plan.missed();
      };
      // While the node is at it, or its siblings; a recorded tool takes up to a few times the latency.
      setTimeout(kill, random() * 2 * options.latencyMs);
    },
  });
  const stopped = new Promise<never>((_, reject) => signal.addEventListener("abort", reject));
  stopped.catch(() => {});
  const show = () =>
    progress.show(
      `turn ${done} of ${turns.length}, ${begun} nodes begun, ${supervisor.killedPids.length} of ${options.kills} workers killed`,
    );

  const shown = setInterval(show, 100);
  try {
    const played = async () => {
      await supervisor.start(options.workers);
      return await play(new Front(supervisor), {
        turns,
        concurrency: options.concurrency,
        onTurn: (turn) => void current.set(turn.thread, turn),
        onTurnDone(turn) {
          done += 1;
          plan.over(turn);
        },
      });
    };
    const threads = await Promise.race([played(), supervisor.failed, stopped]);
    clearInterval(shown);
    const { supersteps, resumes, reexecuted, killedInNode, kept } = tally(
      parseLedger(await readFile(ledger, "utf8")),
      supervisor.killedPids,
    );
    for (const what of reexecuted) console.error(`Run again: ${what}`);
    const compare = live === undefined ? compareWithTranscript : checkLive;
    const found = conversations.map((conversation, index) => {
      const thread = threadIdOf(index);
      const differences = compare(threads.get(thread) ?? { messages: [], turns: [] }, conversation);
      if (differences.lost + differences.doubled + differences.differing > 0)
        console.error(`${thread}: ${JSON.stringify(differences)}`);
      return differences;
    });
    return {
      store: options.store,
      server: store.server,
      model,
      workers: options.workers,
      conversations: conversations.length,
      turns: turns.length,
      supersteps,
      kills: supervisor.killedPids.length,
      killedInNode,
      resumes,
      kept,
      ...total(found),
      reexecuted: reexecuted.length,
      contentBytes: [...threads.values()].reduce((bytes, { messages }) => bytes + contentBytes(messages), 0),
      storedBytes: await store.storedBytes(),
      seconds: Number(progress.seconds.toFixed(1)),
    };
  } finally {
    clearInterval(shown);
    await supervisor.stop();
  }
}

function complain(message: string, exitCode: number): number {
  console.error(message);
  return exitCode;
}
