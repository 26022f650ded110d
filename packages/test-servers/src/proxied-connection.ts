import { connect, type Socket } from "node:net";
import { type Dialogue, dialogueFor } from "./dialogue.js";

/** What a match sees: all bytes that the client sent since the server answered last. */
export type RequestMatch = (request: Buffer) => boolean;

/** Waits for one request of any connection, and then cuts or ends that connection. */
export interface Trap {
  readonly match: RequestMatch;
  /** Whether the server gets the request. */
  readonly reachesServer: boolean;
  /** The client gets the answer, with these bytes behind it in the same packet, and the end of the connection. Default: a reset, and no answer. */
  readonly lastWords?: Buffer;
  /** Says from the bytes of the answer so far whether it is whole. Default: as the protocol says, Redis' or PostgreSQL's. */
  readonly isAnswered?: ((answer: Buffer) => boolean) | undefined;
  readonly fire: () => void;
}

/** What all connections of a proxy share. The proxy changes it; the connections obey. */
export interface ProxyState {
  delayMs: number;
  isBlackhole: boolean;
  trap: Trap | undefined;
  bytesUp: number;
  bytesDown: number;
  roundTrips: number;
}

type Item = { readonly dueAt: number } & ({ readonly bytes: Buffer } | { readonly end: true } | { readonly reset: true });

/** One direction: what came in goes out in order, not before its time and not while it is held. */
class Lane {
  readonly #to: Socket;
  readonly #isHeld: () => boolean;
  readonly #queue: Item[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(to: Socket, isHeld: () => boolean) {
    this.#to = to;
    this.#isHeld = isHeld;
  }

  push(item: { bytes: Buffer } | { end: true } | { reset: true }, delayMs: number): void {
    this.#queue.push({ ...item, dueAt: performance.now() + delayMs });
    this.flush();
  }

  flush(): void {
    clearTimeout(this.#timer);
    while (!this.#isHeld() && !this.#to.destroyed) {
      const [item] = this.#queue;
      if (item === undefined) return;
      const waitMs = item.dueAt - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.flush(), Math.ceil(waitMs));
        return;
      }
      this.#queue.shift();
      if ("bytes" in item) this.#to.write(item.bytes);
      else if ("end" in item) this.#to.end();
      else this.#to.resetAndDestroy();
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#queue.length = 0;
  }
}

export class ProxiedConnection {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #state: ProxyState;
  readonly #up: Lane;
  readonly #down: Lane;
  /** Since the other side spoke last. */
  #request: Buffer[] = [];
  #answer: Buffer[] = [];
  #isServersTurn = false;
  #dialogue: Dialogue | undefined;
  #sprung: Trap | undefined;
  #isStranded = false;
  #isLeft = false;
  /** When both sides are done with it. */
  readonly closed: Promise<void>;

  constructor(client: Socket, target: { host: string; port: number }, state: ProxyState, onClose: () => void) {
    this.#client = client;
    this.#server = connect({ host: target.host, port: target.port, allowHalfOpen: true, noDelay: true });
    this.#state = state;
    const isHeld = (): boolean => state.isBlackhole || this.#isStranded;
    this.#up = new Lane(this.#server, isHeld);
    this.#down = new Lane(client, isHeld);
    client.setNoDelay(true);
    client.on("data", (bytes) => this.#fromClient(bytes));
    this.#server.on("data", (bytes) => this.#fromServer(bytes));
    this.#passOnEnd(client, this.#up);
    this.#passOnEnd(this.#server, this.#down);
    for (const event of ["end", "close"]) {
      client.once(event, () => {
        this.#isLeft = true;
      });
    }
    this.closed = Promise.all([client, this.#server].map(untilClosed)).then(onClose);
  }

  /** Holds what it carries. */
  strand(): void {
    this.#isStranded = true;
  }

  /** Carries on. Resolves when the server has done with a connection that its client has left meanwhile, and at once with any other. */
  async deliver(): Promise<void> {
    if (!this.#isStranded) return;
    this.#isStranded = false;
    this.flush();
    if (this.#isLeft) await this.closed;
  }

  /** After a change of the state. */
  flush(): void {
    this.#up.flush();
    this.#down.flush();
  }

  /** Both sides get a TCP reset. */
  cut(): void {
    this.#up.stop();
    this.#down.stop();
    this.#client.resetAndDestroy();
    this.#server.resetAndDestroy();
  }

  #passOnEnd(from: Socket, lane: Lane): void {
    from.on("end", () => lane.push({ end: true }, 0));
    // A reset on one side is a reset on the other, and a server that refuses the connection is a reset for the client.
    from.on("error", () => lane.push({ reset: true }, 0));
  }

  #fromClient(bytes: Buffer): void {
    const state = this.#state;
    if (!this.#isServersTurn) {
      state.roundTrips++;
      this.#isServersTurn = true;
      this.#request = [];
    }
    state.bytesUp += bytes.length;
    this.#dialogue ??= dialogueFor(bytes);
    this.#dialogue.asked(bytes);
    if (state.trap !== undefined && this.#sprung === undefined) {
      this.#request.push(bytes);
      if (state.trap.match(Buffer.concat(this.#request))) {
        // Once per arming: the next connection goes free.
        this.#sprung = state.trap;
        state.trap = undefined;
        if (!this.#sprung.reachesServer) {
          this.#springNow(this.#sprung);
          return;
        }
      }
    }
    this.#up.push({ bytes }, state.delayMs);
  }

  #fromServer(bytes: Buffer): void {
    this.#isServersTurn = false;
    this.#state.bytesDown += bytes.length;
    this.#dialogue?.answered(bytes);
    const trap = this.#sprung;
    if (trap === undefined) {
      this.#down.push({ bytes }, 0);
      return;
    }
    const isAnswered = this.#isAnswered(trap, bytes);
    if (trap.lastWords !== undefined) this.#passOnWith(trap, bytes, isAnswered ? trap.lastWords : undefined);
    else if (isAnswered) this.#springNow(trap);
  }

  #passOnWith(trap: Trap, bytes: Buffer, lastWords: Buffer | undefined): void {
    if (lastWords === undefined) {
      this.#down.push({ bytes }, 0);
      return;
    }
    this.#down.push({ bytes: Buffer.concat([bytes, lastWords]) }, 0);
    this.#down.push({ end: true }, 0);
    this.#server.end();
    trap.fire();
  }

  #isAnswered({ isAnswered }: Trap, bytes: Buffer): boolean {
    if (isAnswered === undefined) return this.#dialogue?.isDone === true;
    this.#answer.push(bytes);
    return isAnswered(Buffer.concat(this.#answer));
  }

  #springNow(trap: Trap): void {
    this.cut();
    trap.fire();
  }
}

/** A socket that fails while it is being closed, and is reset then, tells of that and not of its end (Node 20 to 24). */
function untilClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
    socket.on("error", ({ syscall }: NodeJS.ErrnoException) => {
      if (syscall === "reset") resolve();
    });
  });
}
