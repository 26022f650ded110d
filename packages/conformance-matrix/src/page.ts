export function page(..._: unknown[]): string { return ""; }
