/** From now on the clock of this process is off, as on a machine whose clock is wrong. */
export function setClockOff(offsetMs: number): void {
  if (offsetMs === 0) return;
  const RightDate = Date;
  const now = (): number => RightDate.now() + offsetMs;
  globalThis.Date = class extends RightDate {
    constructor(...given: unknown[]) {
      super(...((given.length === 0 ? [now()] : given) as [number]));
    }
    static override now(): number {
      return now();
    }
  } as DateConstructor;
}
