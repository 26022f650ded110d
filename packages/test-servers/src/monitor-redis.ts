import { randomUUID } from "node:crypto";
import { connect, type Socket } from "node:net";
import { Redis } from "ioredis";
import { ONE_CONNECTION } from "./redis-connection.js";

/** A command as the server got it. */
export interface MonitoredCommand {
  /** Of the client; empty for what a script calls. */
  readonly client: string;
  readonly database: number;
  /** Whether a Lua script called it. The call of the script itself is a client's. */
  readonly isFromScript: boolean;
  /** The command and its arguments, one character per byte: `Buffer.from(argument, "latin1")` gives the bytes. */
  readonly args: readonly string[];
}

/** Records what clients send to a server, and what scripts call there. */
export interface RedisMonitor {
  /** Everything up to now that was not taken yet, in the order in which the server got it. */
  take(): Promise<MonitoredCommand[]>;
  stop(): Promise<void>;
}

/**
 * MONITOR: the server tells every command, of all clients. Left out are those that it keeps to itself: those of administrators, and what AUTH
 * is given. Of a cluster, each node tells its own.
 */
export async function monitorRedis(url: string): Promise<RedisMonitor> {
  const marker = new Redis(url, ONE_CONNECTION);
  let fault: Error | undefined;
  // Connecting only fails with "Connection is closed"; why it is closed, the client says here.
  marker.on("error", (error) => {
    fault = error;
  });
  await marker.connect().catch((error: unknown) => {
    throw fault ?? error;
  });
  const feed = new Feed(url);
  try {
    await feed.begin();
  } catch (error) {
    marker.disconnect();
    feed.end();
    throw error;
  }
  return {
    async take() {
      // What was sent before is told before.
      const mark = randomUUID();
      await marker.echo(mark);
      return feed.takeUntil(({ args }) => args[1] === mark);
    },
    async stop() {
      marker.disconnect();
      feed.end();
    },
  };
}

/** A connection of its own making: the parser of ioredis mistakes `" "` in an argument for its end, and bytes for text. */
class Feed {
  readonly #socket: Socket;
  readonly #hello: readonly (readonly string[])[];
  #begun = 0;
  #commands: MonitoredCommand[] = [];
  /** Of a line that is not whole. */
  #rest: string[] = [];
  #failure: Error | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(url: string) {
    const { hostname, port, username, password } = new URL(url);
    const user = username === "" ? "default" : decodeURIComponent(username);
    this.#hello = [...(password === "" ? [] : [["AUTH", user, decodeURIComponent(password)]]), ["MONITOR"]];
    this.#socket = connect({ host: hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(port || 6379) });
    this.#socket.setEncoding("latin1");
    this.#socket.on("data", (chunk: string) => this.#read(chunk));
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Error("the connection was closed")));
  }

  async begin(): Promise<void> {
    for (const words of this.#hello) {
      this.#socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`);
    }
    await this.#until(() => this.#begun === this.#hello.length);
  }

  async takeUntil(isMark: (command: MonitoredCommand) => boolean): Promise<MonitoredCommand[]> {
    await this.#until(() => this.#commands.some(isMark));
    const at = this.#commands.findIndex(isMark);
    const [taken, left] = [this.#commands.slice(0, at), this.#commands.slice(at + 1)];
    this.#commands = left;
    return taken;
  }

  end(): void {
    this.#socket.destroy();
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      if (this.#failure !== undefined) {
        throw new Error(`The server tells its commands no longer: ${this.#failure.message}`, { cause: this.#failure });
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #read(chunk: string): void {
    this.#rest.push(chunk);
    // Joined once per line: a line of megabytes comes in hundreds of chunks.
    if (!chunk.includes("\n")) return;
    const lines = this.#rest.join("").split("\r\n");
    this.#rest = [lines.pop() ?? ""];
    for (const line of lines) {
      const command = parseLine(line);
      if (command !== undefined) this.#commands.push(command);
      else if (line === "+OK") this.#begun++;
      else this.#fail(new Error(line));
    }
    this.#wake();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }

  #wake(): void {
    for (const resume of this.#waiting) resume();
    this.#waiting.clear();
  }
}

/** `+1339518083.107412 [0 127.0.0.1:60866] "get" "a\xff"`; in place of the address `lua`, for what a script calls. */
function parseLine(line: string): MonitoredCommand | undefined {
  const [, database, from, args] = /^\+[\d.]+ \[(\d+) (.*?)\] (".*)$/.exec(line) ?? [];
  if (from === undefined || args === undefined) return undefined;
  const isFromScript = from === "lua";
  return { client: isFromScript ? "" : from, database: Number(database), isFromScript, args: parseArguments(args) };
}

function parseArguments(text: string): string[] {
  const args: string[] = [];
  // Not by a regular expression: arguments are megabytes long.
  for (let start = 0; start < text.length; ) {
    let end = start + 1;
    while (end < text.length && text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
    args.push(text.slice(start + 1, end).replace(/\\(?:x([0-9a-f]{2})|(.))/g, unescaped));
    start = end + '" '.length;
  }
  return args;
}

const ESCAPED: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", a: "\x07", b: "\b" };

function unescaped(_: string, hex: string | undefined, letter = ""): string {
  return hex === undefined ? (ESCAPED[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16));
}
