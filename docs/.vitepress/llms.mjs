/** Writes llms.txt (https://llmstxt.org): the site's pages for a language model, and llms-full.txt with their text. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export function writeLlms({ srcDir, outDir, site }, sidebar) {
  let index = `# ${site.title}\n\n> ${site.description}\n`;
  let full = index;
  for (const { text: section, items } of sidebar) {
    index += `\n## ${section}\n\n`;
    for (const { text, link } of items) {
      const page = readFileSync(join(srcDir, `${link.endsWith("/") ? `${link}index` : link}.md`), "utf8");
      index += `- [${text}](${link}): ${firstSentence(page)}\n`;
      full += `\n\n<!-- ${link} -->\n\n${page}`;
    }
  }
  writeFileSync(join(outDir, "llms.txt"), index);
  writeFileSync(join(outDir, "llms-full.txt"), full);
}

/** Of the first paragraph of prose, without links. */
function firstSentence(page) {
  const paragraph = page.split(/\n{2,}/).find((block) => /^[A-Z`*@]/.test(block)) ?? "";
  const text = paragraph.replaceAll("\n", " ").replace(/\[([^\]]*)\]\([^)]*\)/g, "$1");
  return /^.*?[.:!?](?=\s|$)/.exec(text)?.[0].replace(/:$/, ".") ?? text;
}
