/** A table of a scenario: what was measured, and the ratios that matter. */
export interface Table {
  readonly title: string;
  /** What was done, and what is not measured. */
  readonly note: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

export function markdown({ title, note, columns, rows }: Table): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
  const alignment = columns.map((_, n) => (n === 0 ? "---" : "--:"));
  return [`### ${title}`, "", note, "", line(columns), line(alignment), ...rows.map(line), ""].join("\n");
}

export function ms(milliseconds: number): string {
  return `${milliseconds.toFixed(milliseconds < 10 ? 2 : 1)} ms`;
}

export function ratio(value: number): string {
  return `${value.toFixed(2)}x`;
}

export function kb(bytes: number): string {
  return `${Math.round(bytes / 1000).toLocaleString("en")} kB`;
}
