import { readFile } from "node:fs/promises";
import { checkLive, compareWithTranscript, contentBytes, type Differences, total } from "./check.js";
import { planDoubles, randomNumbers } from "./fault-plan.js";
import { Faults } from "./faults.js";
import { Front, type FrontCounts } from "./front.js";
import { openLedger, parseLedger, tally } from "./ledger.js";
import type { Options } from "./options.js";
import { type PlannedTurn, planTurns, play } from "./play.js";
import type { Progress, Report } from "./report.js";
import type { RunningStore } from "./store.js";
import { Supervisor, type WorkerProcess } from "./supervisor.js";
import { threadIdOf } from "./thread-ids.js";
import type { ThreadView } from "./threads.js";
import type { Conversation } from "./transcripts.js";
import { playWebhooks } from "./webhooks.js";

export interface Demonstration {
  readonly options: Options;
  readonly conversations: readonly Conversation[];
  /** The file in which workers note what they do. */
  readonly ledger: string;
  /** Ends the run before its time. */
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly store: RunningStore;
  readonly model: string;
  readonly isLive: boolean;
  /** Of the workers, but for what the run itself decides. */
  readonly env: NodeJS.ProcessEnv;
}

/** How long the workers' leases last: short, so that it does not take long until others go on. */
const LEASE_MS = 1_500;

/** Starts workers, plays the conversations through them, kills and freezes workers meanwhile, and looks at what has become of it. */
export async function demonstrate(run: Demonstration): Promise<Report> {
  const { options, conversations, store } = run;
  const turns = planTurns(conversations);
  const { threads, killedPids, requests } = await playWithFaults(run, turns);
  const { reexecuted, ...happened } = tally(parseLedger(await readFile(run.ledger, "utf8")), killedPids);
  for (const what of reexecuted) console.error(`Run again: ${what}`);
  const storedBytes = await store.storedBytes();
  const { workers, seed, latencyMs, webhooks } = options;
  if (webhooks > 0)
    run.progress.say(
      `${webhooks} messages of a webhook, many of them delivered twice, on workers that are killed and redeployed.`,
    );
  const webhookCounts = await playWebhooks({
    ...{ store: options.store, location: store.location, signal: run.signal },
    ...{ workers, seed, latencyMs, messages: webhooks },
  });
  return {
    store: options.store,
    server: store.server,
    model: run.model,
    workers: options.workers,
    conversations: conversations.length,
    turns: turns.length,
    kills: killedPids.length,
    ...happened,
    requestsDoubled: requests.doubled,
    requestsRefused: requests.refused,
    requestsQueued: requests.queued,
    requestsRepeated: requests.repeated,
    ...compareAll(run, threads),
    reexecuted: reexecuted.length,
    contentBytes: [...threads.values()].reduce((bytes, { messages }) => bytes + contentBytes(messages), 0),
    measure: store.measure,
    storedBytes,
    ...webhookCounts,
    seconds: Number(run.progress.seconds.toFixed(1)),
  };
}

interface Played {
  readonly threads: ReadonlyMap<string, ThreadView>;
  readonly killedPids: readonly number[];
  readonly requests: FrontCounts;
}

async function playWithFaults(run: Demonstration, turns: readonly PlannedTurn[]): Promise<Played> {
  const { options, store, signal } = run;
  const { kills, freezes, latencyMs } = options;
  const random = randomNumbers(options.seed);
  const doubles = planDoubles(turns, options.doubles, random);
  const ledger = openLedger(run.ledger);
  let [begun, done, frozen] = [0, 0, 0];

  const supervisor: Supervisor = new Supervisor({
    env: {
      ...run.env,
      STORE: options.store,
      DATABASE_URL: store.location.url,
      STORE_SPACE: store.location.space,
      LEASE_MS: String(LEASE_MS),
      LEDGER: run.ledger,
      PORT: "",
    },
    onEvent(worker, event) {
      if (event.kind === "begin") begun += 1;
      faults.heard(worker, event);
    },
  });
  const onFrozen = ({ pid }: WorkerProcess): void => {
    frozen += 1;
    ledger.write({ at: "frozen", pid });
  };
  const faults = new Faults({ supervisor, turns, kills, freezes, leaseMs: LEASE_MS, latencyMs, random, onFrozen });
  const front = new Front(supervisor);
  const played = async () => {
    await supervisor.start(options.workers);
    return await play(front, {
      turns,
      concurrency: options.concurrency,
      doubles,
      onTurn: (turn) => faults.turnBegins(turn),
      onTurnDone(turn) {
        done += 1;
        faults.turnIsOver(turn);
      },
    });
  };
  const show = () => {
    const workers = `${supervisor.killedPids.length} of ${kills} workers killed, ${frozen} of ${freezes} frozen`;
    run.progress.show(`turn ${done} of ${turns.length}, ${begun} nodes begun, ${workers}`);
  };
  const shown = setInterval(show, 100);
  try {
    const threads = await Promise.race([played(), supervisor.failed, aborted(signal)]);
    return { threads, killedPids: supervisor.killedPids, requests: front.counts };
  } finally {
    clearInterval(shown);
    await supervisor.stop();
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
}

function compareAll({ conversations, isLive }: Demonstration, threads: ReadonlyMap<string, ThreadView>): Differences {
  const compare = isLive ? checkLive : compareWithTranscript;
  return total(
    conversations.map((conversation, index) => {
      const thread = threadIdOf(index);
      const found = compare(threads.get(thread) ?? { messages: [], turns: [] }, conversation);
      if (found.lost + found.doubled + found.differing > 0) console.error(`${thread}: ${JSON.stringify(found)}`);
      return found;
    }),
  );
}
