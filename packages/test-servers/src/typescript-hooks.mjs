/*
 * Module hooks that let Node run this repository's TypeScript as it is, for child processes of tests: they then test the sources that the test
 * itself imports, not a build of yesterday. Plain JavaScript, since it is what runs before TypeScript can be run.
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import ts from "typescript";

export async function resolve(specifier, context, nextResolve) {
  try {
    return await nextResolve(specifier, context);
  } catch (error) {
    // Sources import "./name.js", as TypeScript wants it; the file is "./name.ts".
    if (error.code !== "ERR_MODULE_NOT_FOUND" || !/^\.{1,2}\/.*\.js$/.test(specifier)) throw error;
    return nextResolve(specifier.replace(/\.js$/, ".ts"), context);
  }
}

export async function load(url, context, nextLoad) {
  const { protocol, pathname } = new URL(url);
  if (protocol !== "file:") return nextLoad(url, context);
  if (pathname.endsWith(".ts")) {
    const text = await readFile(fileURLToPath(url), "utf8");
    const { outputText } = ts.transpileModule(text, {
      fileName: fileURLToPath(url),
      compilerOptions: {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ES2022,
        verbatimModuleSyntax: true,
        inlineSourceMap: true,
      },
    });
    return { format: "module", source: outputText, shortCircuit: true };
  }
  // As the bundler and vitest do.
  if (/\.(sql|lua)$/.test(pathname)) {
    const text = await readFile(fileURLToPath(url), "utf8");
    return { format: "module", source: `export default ${JSON.stringify(text)};`, shortCircuit: true };
  }
  return nextLoad(url, context);
}
