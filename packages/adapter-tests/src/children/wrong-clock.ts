/** `--hours-behind=1`: the clock of this process's machine is wrong. Imported before anything that reads a clock. */
const hoursBehind = Number(process.argv.find((each) => each.startsWith("--hours-behind="))?.split("=")[1] ?? 0);

if (hoursBehind > 0) {
  const RightDate = Date;
  const now = (): number => RightDate.now() - hoursBehind * 3_600_000;
  globalThis.Date = class extends RightDate {
    constructor(...given: unknown[]) {
      super(...((given.length === 0 ? [now()] : given) as [number]));
    }
    static override now(): number {
      return now();
    }
  } as DateConstructor;
}
