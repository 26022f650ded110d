const WARN_EVERY_MS = 60_000;

/** By code and subject, when it was last said. */
const lastWarnings = new Map<string, number>();

/** A warning of the process, at most once a minute for one code and one subject. */
export function warnSometimes(code: string, subject: string, text: string): void {
  const key = `${code} ${subject}`;
  const now = performance.now();
  if (now - (lastWarnings.get(key) ?? Number.NEGATIVE_INFINITY) < WARN_EVERY_MS) return;
  lastWarnings.set(key, now);
  process.emitWarning(text, { type: "HoldfastWarning", code });
}
