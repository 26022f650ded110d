import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { isBaseMessage } from "@langchain/core/messages";
import { randomNumbers } from "./fault-plan.js";
import { type StoreLocation, type StoreName, stores } from "./store.js";
import type { WebhookMessage, WebhookReport } from "./webhook-worker.js";

/** What became of the messages of a webhook. */
export interface WebhookCounts {
  readonly webhooks: number;
  /** How often messages were delivered: some of them twice, and again after each failure. */
  readonly webhookDeliveries: number;
  readonly webhookWorkersKilled: number;
  readonly webhookWorkersRedeployed: number;
  /** Messages that are not in their conversation with exactly one answer, or whose deliveries had different answers. */
  readonly webhooksNotAnsweredOnce: number;
}

export interface WebhookOptions {
  readonly store: StoreName;
  readonly location: StoreLocation;
  readonly messages: number;
  readonly workers: number;
  readonly latencyMs: number;
  readonly seed: number;
  readonly signal: AbortSignal;
}

const MESSAGES_PER_THREAD = 6;
const AT_ONCE = 8;
/** After so many answers, a worker is killed or deployed anew, in turn. */
const ANSWERS_BETWEEN_ENDS = 12;

/** Delivers messages, many of them twice, to workers that are killed and deployed anew, until each is answered. */
export async function playWebhooks(options: WebhookOptions): Promise<WebhookCounts> {
  const service = new WebhookService(options);
  const messages = Array.from({ length: options.messages }, (_, n) => ({
    thread: `webhook-${Math.floor(n / MESSAGES_PER_THREAD)}`,
    id: `message-${n}`,
    text: `question ${n}`,
  }));
  try {
    if (messages.length > 0) await service.start();
    // One iterator for all senders: each takes the next message when its own is answered.
    const next = messages.values();
    const send = async (): Promise<void> => {
      for (const message of next) await service.receive(message);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, send));
  } finally {
    await service.stop();
  }
  return {
    ...service.counts,
    webhooks: messages.length,
    webhooksNotAnsweredOnce: await notAnsweredOnce(options, messages, service),
  };
}

class WebhookService {
  readonly #options: WebhookOptions;
  readonly #random: () => number;
  readonly #workers: ChildProcess[] = [];
  readonly #all = new Set<ChildProcess>();
  readonly answers = new Map<string, Set<string>>();
  readonly counts = { webhookDeliveries: 0, webhookWorkersKilled: 0, webhookWorkersRedeployed: 0 };
  #answered = 0;
  #ending: Promise<void> = Promise.resolve();

  constructor(options: WebhookOptions) {
    this.#options = options;
    this.#random = randomNumbers(options.seed);
  }

  async start(): Promise<void> {
    this.#workers.push(...(await Promise.all(Array.from({ length: this.#options.workers }, () => this.#spawn()))));
  }

  async stop(): Promise<void> {
    await this.#ending.catch(() => {});
    for (const worker of this.#all) worker.kill("SIGKILL");
  }

  /** One in three comes twice at once, and one in three again when it was answered. */
  async receive(message: WebhookMessage): Promise<void> {
    const kind = Math.floor(this.#random() * 3);
    await Promise.all([this.#deliver(message), ...(kind === 1 ? [this.#deliver(message)] : [])]);
    if (kind === 2) await this.#deliver(message);
  }

  async #deliver(message: WebhookMessage): Promise<void> {
    for (;;) {
      this.#options.signal.throwIfAborted();
      const worker = this.#workers[Math.floor(this.#random() * this.#workers.length)] as ChildProcess;
      this.counts.webhookDeliveries += 1;
      const answer = await answerOf(worker, message, this.counts.webhookDeliveries);
      if (answer === undefined) continue;
      this.answers.set(message.id, (this.answers.get(message.id) ?? new Set()).add(answer));
      this.#answered += 1;
      if (this.#answered % ANSWERS_BETWEEN_ENDS === 0) this.#ending = this.#ending.then(() => this.#replaceOne());
      return;
    }
  }

  async #replaceOne(): Promise<void> {
    const place = Math.floor(this.#random() * this.#workers.length);
    const old = this.#workers[place] as ChildProcess;
    this.#workers[place] = await this.#spawn();
    const isKilled = this.counts.webhookWorkersKilled <= this.counts.webhookWorkersRedeployed;
    this.counts[isKilled ? "webhookWorkersKilled" : "webhookWorkersRedeployed"] += 1;
    old.kill(isKilled ? "SIGKILL" : "SIGTERM");
  }

  async #spawn(): Promise<ChildProcess> {
    const { store, location, latencyMs } = this.#options;
    const env = { STORE: store, DATABASE_URL: location.url, STORE_SPACE: location.space, LATENCY_MS: String(latencyMs) };
    const worker = fork(fileURLToPath(new URL("./webhook-worker.js", import.meta.url)), { env: { ...process.env, ...env } });
    worker.setMaxListeners(0);
    worker.on("error", () => {});
    this.#all.add(worker);
    const isReady = await Promise.race([once(worker, "message").then(() => true), once(worker, "exit").then(() => false)]);
    if (!isReady) throw new Error("A worker of webhooks has ended before it was ready.");
    return worker;
  }
}

/** `undefined` when the worker failed, or is gone. */
function answerOf(worker: ChildProcess, message: WebhookMessage, number: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const settle = (answer: string | undefined): void => {
      worker.off("message", hear).off("exit", leave);
      resolve(answer);
    };
    const hear = (report: WebhookReport): void => {
      if (report.kind !== "ready" && report.number === number) settle(report.kind === "answered" ? report.answer : undefined);
    };
    const leave = (): void => settle(undefined);
    worker.on("message", hear).on("exit", leave);
    if (worker.exitCode !== null || worker.signalCode !== null) leave();
    else worker.send({ ...message, number }, (error) => error && leave());
  });
}

/** What the store says in the end, and what the deliveries were told. */
async function notAnsweredOnce(
  { store, location }: WebhookOptions,
  messages: readonly WebhookMessage[],
  { answers }: WebhookService,
): Promise<number> {
  const { saver, close } = await stores[store].open(location);
  try {
    const said = new Map<string, string[]>();
    for (const { thread } of messages) {
      if (said.has(thread)) continue;
      const tuple = await saver.getTuple({ configurable: { thread_id: thread } });
      const stored: unknown = tuple?.checkpoint.channel_values.messages;
      said.set(thread, Array.isArray(stored) ? stored.filter(isBaseMessage).map(({ text }) => text) : []);
    }
    return messages.filter(({ thread, id, text }) => {
      const answer = `Answer to ${text}`;
      const inThread = said.get(thread) ?? [];
      const isOnce = [text, answer].every((each) => inThread.filter((one) => one === each).length === 1);
      const isNext = inThread[inThread.indexOf(text) + 1] === answer;
      return !isOnce || !isNext || [...(answers.get(id) ?? [])].join() !== answer;
    }).length;
  } finally {
    await close();
  }
}
