import { readFile } from "node:fs/promises";
import { checkLive, compareWithTranscript, contentBytes, type Differences, total } from "./check.js";
import { Front } from "./front.js";
import { KillPlan, randomNumbers } from "./kill-plan.js";
import { parseLedger, tally } from "./ledger.js";
import type { Options } from "./options.js";
import { type PlannedTurn, planTurns, play } from "./play.js";
import type { Progress, Report } from "./report.js";
import type { RunningStore } from "./store.js";
import { Supervisor } from "./supervisor.js";
import { threadIdOf } from "./thread-ids.js";
import type { ThreadView } from "./threads.js";
import type { Conversation } from "./transcripts.js";

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

/** Starts workers, plays the conversations through them, kills workers meanwhile, and looks at what has become of it. */
export async function demonstrate(run: Demonstration): Promise<Report> {
  const { options, conversations, store } = run;
  const turns = planTurns(conversations);
  const { threads, killedPids } = await playAndKill(run, turns);
  const { supersteps, resumes, reexecuted, killedInNode, kept } = tally(
    parseLedger(await readFile(run.ledger, "utf8")),
    killedPids,
  );
  for (const what of reexecuted) console.error(`Run again: ${what}`);
  return {
    store: options.store,
    server: store.server,
    model: run.model,
    workers: options.workers,
    conversations: conversations.length,
    turns: turns.length,
    supersteps,
    kills: killedPids.length,
    killedInNode,
    resumes,
    kept,
    ...compareAll(run, threads),
    reexecuted: reexecuted.length,
    contentBytes: [...threads.values()].reduce((bytes, { messages }) => bytes + contentBytes(messages), 0),
    storedBytes: await store.storedBytes(),
    seconds: Number(run.progress.seconds.toFixed(1)),
  };
}

interface Played {
  readonly threads: ReadonlyMap<string, ThreadView>;
  readonly killedPids: readonly number[];
}

async function playAndKill(run: Demonstration, turns: readonly PlannedTurn[]): Promise<Played> {
  const { options, store, signal } = run;
  const random = randomNumbers(options.seed);
  const plan = new KillPlan(turns, options.kills, random);
  const current = new Map<string, PlannedTurn>();
  let [begun, done] = [0, 0];

  const supervisor = new Supervisor({
    env: {
      ...run.env,
      STORE: options.store,
      DATABASE_URL: store.location.url,
      STORE_SPACE: store.location.space,
      LEDGER: run.ledger,
      PORT: "",
    },
    onBegin(worker, thread) {
      begun += 1;
      const turn = current.get(thread);
      if (turn === undefined || !plan.claim(turn)) return;
      const kill = () => {
        if (!supervisor.killInNode(worker)) plan.missed();
      };
      // While the worker is at this node, or at another one: it serves several threads, and a thread's tools take up to a few times the latency.
      setTimeout(kill, random() * 3 * options.latencyMs);
    },
  });
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
  const show = () => {
    const kills = `${supervisor.killedPids.length} of ${options.kills} workers killed`;
    run.progress.show(`turn ${done} of ${turns.length}, ${begun} nodes begun, ${kills}`);
  };
  const shown = setInterval(show, 100);
  try {
    const threads = await Promise.race([played(), supervisor.failed, aborted(signal)]);
    return { threads, killedPids: supervisor.killedPids };
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
