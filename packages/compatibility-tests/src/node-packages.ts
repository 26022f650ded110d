const platform = process.platform === "win32" ? "win" : process.platform;
const prefix = process.platform === "darwin" && process.arch === "arm64" ? "node-bin" : "node";

/** What npm's `node` fetches by a script when it is installed. Asked for by name, it needs none. */
export function nodePackages(majors: readonly number[]): Record<string, string> {
  return Object.fromEntries(majors.map((major) => [`node${major}`, `npm:${prefix}-${platform}-${process.arch}@${major}`]));
}

/** Where it then is, in the application's folder. */
export function nodeProgram(major: number): string {
  return `node_modules/node${major}/bin/node`;
}
