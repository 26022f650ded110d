/** A list or map of which so many elements are still to come. */
interface Open {
  left: number;
  /** What the server says besides: a push message, an attribute of the next reply. It answers nothing. */
  readonly isAside: boolean;
}

const CR_LF = "\r\n";

/** Counts the commands or replies in a stream of Redis' protocol, versions 2 and 3. Chunks may end anywhere. */
export class RespCounter {
  #count = 0;
  /** The first line of a value, as far as it came. */
  #line = "";
  /** Bytes to come of a string. */
  #stringLeft = 0;
  readonly #open: Open[] = [];

  /** Those that are whole. */
  get count(): number {
    return this.#count;
  }

  /** Whether the last one is whole. */
  get isBetween(): boolean {
    return this.#line === "" && this.#stringLeft === 0 && this.#open.length === 0;
  }

  read(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#stringLeft > 0) {
        const taken = Math.min(this.#stringLeft, bytes.length - at);
        at += taken;
        this.#stringLeft -= taken;
        if (this.#stringLeft === 0) this.#end();
        continue;
      }
      const newline = bytes.indexOf("\n", at);
      const end = newline < 0 ? bytes.length : newline + 1;
      this.#line += bytes.toString("latin1", at, end);
      at = end;
      if (newline < 0) return;
      const line = this.#line;
      this.#line = "";
      this.#begin(line.charAt(0), Number.parseInt(line.slice(1), 10));
    }
  }

  #begin(type: string, size: number): void {
    switch (type) {
      case "$":
      case "!":
      case "=":
        // -1 is null.
        if (size < 0) this.#end();
        else this.#stringLeft = size + CR_LF.length;
        return;
      case "*":
      case "~":
      case "%":
      case "|":
      case ">":
        this.#beginList(type === "%" || type === "|" ? 2 * size : size, type === "|" || type === ">");
        return;
      default:
        // A simple string, an error, a number …: the line is all.
        this.#end();
    }
  }

  #beginList(left: number, isAside: boolean): void {
    if (left > 0) this.#open.push({ left, isAside });
    else if (!isAside) this.#end();
  }

  /** A value is whole, and with it perhaps the lists that it is the last of. */
  #end(): void {
    for (let open = this.#open.at(-1); open !== undefined; open = this.#open.at(-1)) {
      open.left--;
      if (open.left > 0) return;
      this.#open.pop();
      if (open.isAside) return;
    }
    this.#count++;
  }
}
