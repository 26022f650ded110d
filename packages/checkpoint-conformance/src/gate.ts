/** A point where a test holds what it runs: everything that waits goes on when the gate opens, and nothing before. */
export class Gate {
  readonly #open: () => void;
  readonly #opened: Promise<void>;
  readonly #arrive: () => void;
  /** Settles when the first one waits at the gate. */
  readonly arrived: Promise<void>;

  constructor() {
    let open: () => void = () => undefined;
    let arrive: () => void = () => undefined;
    this.#opened = new Promise((resolve) => {
      open = resolve;
    });
    this.arrived = new Promise((resolve) => {
      arrive = resolve;
    });
    this.#open = open;
    this.#arrive = arrive;
  }

  /** Waits until the gate opens. */
  async pass(): Promise<void> {
    this.#arrive();
    await this.#opened;
  }

  open(): void {
    this.#open();
  }
}
