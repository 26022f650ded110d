import { parseArgs } from "node:util";
import { isStoreName, type StoreName, stores } from "./store.js";

export interface Options {
  readonly workers: number;
  readonly store: StoreName;
  readonly transcripts: string | undefined;
  /** Conversations to play. `undefined`: all of the file, or `DEFAULT_CONVERSATIONS` of the built-in ones. */
  readonly limit: number | undefined;
  readonly kills: number;
  readonly freezes: number;
  readonly doubles: number;
  /** Messages of a webhook, after the conversations. */
  readonly webhooks: number;
  readonly seed: number;
  readonly concurrency: number;
  readonly latencyMs: number;
  readonly json: boolean;
}

export const DEFAULT_CONVERSATIONS = 20;

export const USAGE = `Usage: demo [options]

  --workers N         worker processes (3)
  --store NAME        what they share: ${Object.keys(stores).join(", ")} (postgres)
  --transcripts FILE  conversations to replay, JSON Lines of {"traj": [OpenAI-format messages]}; without it, built-in ones
  --limit N           conversations to play (all of the file, or ${DEFAULT_CONVERSATIONS} built-in ones)
  --kills N           workers to kill in the middle of a node (10)
  --freezes N         workers to freeze in the middle of a node, for longer than they may be silent (3)
  --doubles N         turns whose requests are sent twice at once (10)
  --webhooks N        messages that a webhook delivers, many of them twice, while workers are killed and deployed anew (60)
  --seed N            which ones and when (1)
  --concurrency N     conversations at a time (8)
  --latency MS        how long a recorded answer takes (25)
  --json              one JSON object on stdout at the end; progress goes to stderr
  --help              this text

With OPENAI_API_KEY, or MODEL=<provider>:<model> or MODEL=./module.js, a live model answers instead of the recorded one.`;

/** A command line that cannot be understood; the text says what is wrong. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export function parseOptions(args: readonly string[]): Options | "help" {
  const values = parse(args);
  if (values.help) return "help";
  if (!isStoreName(values.store))
    throw new UsageError(`--store ${values.store}: known stores are ${Object.keys(stores).join(", ")}.`);
  return {
    workers: number("workers", values.workers, 1, 100),
    store: values.store,
    transcripts: values.transcripts,
    limit: values.limit === undefined ? undefined : number("limit", values.limit, 1, 1_000_000),
    kills: number("kills", values.kills, 0, 100_000),
    freezes: number("freezes", values.freezes, 0, 100_000),
    doubles: number("doubles", values.doubles, 0, 1_000_000),
    webhooks: number("webhooks", values.webhooks, 0, 1_000_000),
    seed: number("seed", values.seed, 0, 2 ** 32 - 1),
    concurrency: number("concurrency", values.concurrency, 1, 1_000),
    latencyMs: number("latency", values.latency, 1, 60_000),
    json: values.json,
  };
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      // `pnpm demo -- --json` hands the dashes on.
      args: args[0] === "--" ? args.slice(1) : [...args],
      options: {
        workers: { type: "string", default: "3" },
        store: { type: "string", default: "postgres" },
        transcripts: { type: "string" },
        limit: { type: "string" },
        kills: { type: "string", default: "10" },
        freezes: { type: "string", default: "3" },
        doubles: { type: "string", default: "10" },
        webhooks: { type: "string", default: "60" },
        seed: { type: "string", default: "1" },
        concurrency: { type: "string", default: "8" },
        latency: { type: "string", default: "25" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false, short: "h" },
      },
    });
    return values;
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause });
  }
}

function number(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`--${name} ${text}: a whole number from ${least} to ${most} is needed.`);
}
