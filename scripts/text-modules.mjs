import { readFile } from "node:fs/promises";

/** A plugin of Vite: imports `.sql` and `.lua` files as text, as the bundler does. */
export const textModules = {
  name: "text-modules",
  enforce: "pre",
  async load(id) {
    if (!/\.(sql|lua)$/.test(id)) return null;
    return `export default ${JSON.stringify(await readFile(id, "utf8"))};`;
  },
};
