/** How a child process is told which store to use. */
export function storeEnvironment(url: string): Record<string, string> {
  return { HOLDFAST_TEST_URL: url };
}

/** In the child. */
export function givenStoreUrl(): string {
  return process.env.HOLDFAST_TEST_URL ?? "";
}
