/** Writes docs/reference/api: a page for each package that users import, from its docstrings. */
import { fileURLToPath } from "node:url";
import { Application } from "typedoc";

const root = fileURLToPath(new URL("../../", import.meta.url));

for (const name of ["checkpoint-postgres", "checkpoint-redis", "checkpoint-conformance"]) {
  const application = await Application.bootstrapWithPlugins({
    plugin: ["typedoc-plugin-markdown"],
    name: `@holdfast/${name}`,
    entryPoints: [`${root}packages/${name}/src/index.ts`],
    tsconfig: `${root}docs/.vitepress/tsconfig.json`,
    out: `${root}docs/reference/api/${name}`,
    readme: "none",
    // `pnpm check:types` does that.
    skipErrorChecking: true,
    excludeExternals: true,
    excludeInternal: true,
    excludePrivate: true,
    excludeProtected: true,
    disableSources: true,
    hidePageHeader: true,
    hideBreadcrumbs: true,
    entryFileName: "index",
    outputFileStrategy: "modules",
    parametersFormat: "table",
    interfacePropertiesFormat: "table",
    logLevel: "Error",
  });
  const project = await application.convert();
  if (project === undefined) throw new Error(`TypeDoc could not read ${name}.`);
  await application.generateOutputs(project);
}
