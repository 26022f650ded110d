/**
 * Takes the place of vitest in the CommonJS build: vitest cannot be required. Everything else of the package can, so that only the call fails
 * that needs vitest.
 */
const refuse = (): never => {
  throw new Error(
    'checkpointConformance registers tests of vitest, which is for ES modules only. Use "import", or runConformance, which needs no vitest.',
  );
};

export const describe = refuse;
export const it = refuse;
export const expect = refuse;
export const afterAll = refuse;
