/** A table of a scenario: what was measured, and the ratios that matter. */
export interface Table {
  readonly title: string;
  /** What was done, and what is not measured. */
  readonly note: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

export function markdown({ title, note, columns, rows }: Table): string {
  const alignment = columns.map((_, n) => (n === 0 ? "---" : "--:"));
  return [`### ${title}`, "", note, "", row(columns), row(alignment), ...rows.map(row), ""].join("\n");
}

export function row(cells: readonly (string | number)[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** Stands where there is nothing to say. */
export const NONE = "–";

export function ms(milliseconds: number): string {
  return number(milliseconds, (value) => `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ms`);
}

export function ratio(value: number): string {
  return number(value, () => `${value.toFixed(value < 0.1 ? 3 : value < 100 ? 2 : 0)}x`);
}

export function kb(bytes: number): string {
  return number(bytes, () => `${(bytes / 1000).toLocaleString("en", { maximumFractionDigits: bytes < 9_950 ? 1 : 0 })} kB`);
}

export function count(value: number): string {
  return number(value, () => value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 1 : 0 }));
}

function number(value: number, format: (value: number) => string): string {
  return Number.isFinite(value) ? format(value) : NONE;
}
