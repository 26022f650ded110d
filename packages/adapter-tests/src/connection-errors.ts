import type { RetryOptions } from "@holdfast/checkpoint-core";
import { expect, it } from "vitest";
import { failureOf, printed } from "./failure.js";
import type { TestedSaver } from "./target.js";

export interface ConnectionErrorTarget {
  /** A saver that opens its own connections, and closes them with `end()`. Throws when the URL is none. */
  connect(url: string, options?: { readonly retry?: RetryOptions }): TestedSaver;
  /** The password in all of these URLs. */
  readonly secret: string;
  /** Where no saver can get to, by what is wrong there. Asked for when the test runs. */
  readonly unreachable: Readonly<Record<string, () => string>>;
  /** What `connect` does not take. */
  readonly notUrls: readonly unknown[];
  /** The port of a URL that names none. */
  readonly defaultPort: number;
}

/** Registers the tests of what is said, and what is not, when a server cannot be reached. */
export function connectionErrorTests({ connect, secret, unreachable, notUrls, defaultPort }: ConnectionErrorTarget): void {
  const retry = { maxAttempts: 2, minDelayMs: 1 };
  const config = { configurable: { thread_id: "1" } };

  for (const [what, urlOf] of Object.entries(unreachable)) {
    it(`C-73 ${what}: the error names host and port, and no password`, async () => {
      const url = new URL(urlOf());
      const saver = connect(url.href, { retry });
      for (const run of [() => saver.setup(), () => saver.getTuple(config), () => saver.deleteThread("1")]) {
        const error = await failureOf(run);
        expect(error).toMatchObject({ code: "HOLDFAST_STORE_UNAVAILABLE", cause: expect.any(Error) });
        expect(error.message).toContain(`${url.hostname}:${url.port || defaultPort}`);
        expect(printed(error)).not.toContain(secret);
      }
      await saver.end();
    });
  }

  for (const text of notUrls) {
    it(`C-73 a connection string that is none (${String(text).replace(secret, "…")}) is refused at once, without the password`, async () => {
      const error = await failureOf(async () => connect(text as string));
      expect(error).toMatchObject({ code: "HOLDFAST_INVALID_OPTIONS" });
      expect(printed(error)).not.toContain(secret);
    });
  }
}
