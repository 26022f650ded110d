/**
 * Gives the published packages what they can only have once the repository has an address: `repository`, `homepage` and `bugs` in their manifests, and
 * absolute links in their READMEs, as npm shows a README without the files beside it. Run by `release`, in a checkout that is thrown away.
 *
 * The address is `repository.url` of the root's package.json, e.g. `git+https://github.com/owner/name.git`. Without one it fails: no package goes out
 * with links that lead nowhere.
 */
import { writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import { find, read, root } from "./repository.mjs";

const { repository } = JSON.parse(read("package.json"));
if (repository?.url === undefined) {
  console.error(
    'package.json has no repository: { "type": "git", "url": "git+https://…" }. Without it, links on npm lead nowhere.',
  );
  process.exit(1);
}
const address = repository.url.replace(/^git\+|\.git$/g, "");

for (const path of find(/^packages\/[^/]+\/package\.json$/, "packages")) {
  const manifest = JSON.parse(read(path));
  if (manifest.private) continue;
  const directory = posix.dirname(path);
  manifest.repository = { type: "git", url: repository.url, directory };
  manifest.homepage = `${address}/tree/main/${directory}#readme`;
  manifest.bugs = { url: `${address}/issues` };
  writeFileSync(join(root, path), `${JSON.stringify(manifest, undefined, 2)}\n`);

  const readme = `${directory}/README.md`;
  const text = read(readme).replace(/(!?)\]\((?![a-z]+:|#)([^)\s]+)\)/g, (_, image, target) => {
    const view = image === "!" || /\.(svg|png)$/.test(target) ? "raw" : "blob";
    return `${image}](${address}/${view}/main/${posix.join(directory, target)})`;
  });
  writeFileSync(join(root, readme), text);
  console.log(`${manifest.name}: links and manifest lead to ${address}`);
}
