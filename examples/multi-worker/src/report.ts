import type { Differences } from "./check.js";
import type { WebhookCounts } from "./webhooks.js";

export interface Report extends Differences, WebhookCounts {
  readonly store: string;
  readonly server: string;
  readonly model: string;
  readonly workers: number;
  readonly conversations: number;
  readonly turns: number;
  readonly supersteps: number;
  readonly kills: number;
  readonly killedInNode: number;
  /** Runs that went on with what another worker had left. */
  readonly resumes: number;
  /** Of these, those that no request began. */
  readonly pickedUp: number;
  readonly kept: number;
  readonly frozen: number;
  readonly fenced: number;
  readonly requestsDoubled: number;
  readonly requestsRefused: number;
  readonly requestsQueued: number;
  readonly requestsRepeated: number;
  readonly reexecuted: number;
  readonly contentBytes: number;
  /** What `storedBytes` counts: the store's own word for it. */
  readonly measure: string;
  readonly storedBytes: number;
  readonly seconds: number;
}

/** What is wrong, in words. Nothing: the run has shown what it set out to show. */
export function faultsOf(report: Report, wanted: { readonly kills: number; readonly freezes: number }): string[] {
  const faults: string[] = [];
  if (report.lost > 0) faults.push(`${report.lost} messages or turns were lost`);
  if (report.doubled > 0) faults.push(`${report.doubled} messages or turns are there twice`);
  if (report.differing > 0) faults.push(`${report.differing} messages differ from what was said`);
  if (report.reexecuted > 0) faults.push(`${report.reexecuted} tasks ran again although their writes had been acknowledged`);
  if (report.webhooksNotAnsweredOnce > 0)
    faults.push(`${report.webhooksNotAnsweredOnce} messages of webhooks were not answered exactly once`);
  if (report.kills !== wanted.kills) {
    faults.push(
      `${report.kills} workers were killed, not ${wanted.kills}: the run was too short (more conversations, or a larger --latency)`,
    );
  }
  if (report.fenced < wanted.freezes) {
    faults.push(
      `${report.fenced} frozen workers were fenced, not ${wanted.freezes}: the run was too short, or their leases still held`,
    );
  }
  return faults;
}

export function table(report: Report): string {
  const number = (value: number) => value.toLocaleString("en-US");
  const rows: [string, string, string?][] = [
    ["conversations", number(report.conversations)],
    ["turns", number(report.turns)],
    ["supersteps", number(report.supersteps)],
    ["workers killed", number(report.kills), `${number(report.killedInNode)} in the middle of a node`],
    ["workers frozen", number(report.frozen), `${number(report.fenced)} fenced when they went on`],
    [
      "conversations picked up",
      number(report.pickedUp),
      `by sweepers; ${number(report.resumes - report.pickedUp)} by a request that waited`,
    ],
    ["finished tasks kept", number(report.kept), "beside one in the middle of which the worker was killed"],
    [
      "requests doubled",
      number(report.requestsDoubled),
      `${number(report.requestsRefused)} refused, ${number(report.requestsQueued)} queued`,
    ],
    ["requests repeated", number(report.requestsRepeated), "their worker died before the store had them"],
    ["messages lost", number(report.lost)],
    ["messages doubled", number(report.doubled)],
    ["messages differing", number(report.differing)],
    ["tasks run again", number(report.reexecuted), "of those whose writes were acknowledged"],
    [
      "webhook messages",
      number(report.webhooks),
      `delivered ${number(report.webhookDeliveries)} times; ${number(report.webhookWorkersKilled)} workers killed, ${number(report.webhookWorkersRedeployed)} redeployed`,
    ],
    ["not answered once", number(report.webhooksNotAnsweredOnce)],
    ["bytes of content", number(report.contentBytes)],
    [report.measure, number(report.storedBytes), `${(report.storedBytes / report.contentBytes).toFixed(1)} x the content`],
    ["seconds", report.seconds.toFixed(1)],
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(([name, value, note = ""]) => `  ${name.padEnd(widths[0] ?? 0)}  ${value.padStart(widths[1] ?? 0)}  ${note}`.trimEnd())
    .join("\n");
}

/** Shows how far the run is: one line that changes on a terminal, else a line now and then. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #started = Date.now();
  readonly #everyMs: number;
  #shown = 0;
  #line = "";

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#everyMs = stream.isTTY ? 100 : 2_000;
  }

  get seconds(): number {
    return (Date.now() - this.#started) / 1_000;
  }

  /** A step of the run, always shown. */
  say(text: string): void {
    this.#clear();
    this.#stream.write(`${text}\n`);
    this.#shown = Date.now();
  }

  show(text: string): void {
    if (Date.now() - this.#shown < this.#everyMs) return;
    this.#shown = Date.now();
    this.#clear();
    this.#line = `${this.seconds.toFixed(0).padStart(4)} s  ${text}`;
    this.#stream.write(this.#stream.isTTY ? this.#line : `${this.#line}\n`);
  }

  #clear(): void {
    if (this.#line !== "" && this.#stream.isTTY) this.#stream.write("\r\u001b[K");
    this.#line = "";
  }
}
