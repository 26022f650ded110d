const PAUSE_MS = 20;
const LIMIT_MS = 20_000;

/** Tries until it succeeds, for 20 seconds; then rejects as the last try did. */
export async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  const end = performance.now() + LIMIT_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await new Promise((resolve) => void setTimeout(resolve, PAUSE_MS));
  }
}
