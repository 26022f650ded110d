/** Writes llms.txt (https://llmstxt.org), each page as Markdown beside its HTML, and llms-full.txt with all of them. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export function writeLlms({ srcDir, outDir, site }, sidebar) {
  const write = (path, text) => {
    mkdirSync(dirname(join(outDir, path)), { recursive: true });
    writeFileSync(join(outDir, path), text);
  };
  let index = `# ${site.title}\n\n> ${site.description}\n`;
  let full = index;
  for (const { text: section, items } of sidebar) {
    index += `\n## ${section}\n\n`;
    for (const { text, link } of items) {
      const path = `${link.endsWith("/") ? `${link}index` : link}.md`;
      const page = withIncludes(join(srcDir, path));
      write(path, page);
      const isApi = link.startsWith("/reference/api/");
      index += `- [${text}](${path}): ${isApi ? "Classes, functions and types." : firstSentence(page)}\n`;
      if (!isApi) full += `\n\n<!-- ${path} -->\n\n${page}`;
    }
  }
  write("llms.txt", index);
  write("llms-full.txt", full);
}

function withIncludes(path) {
  const page = readFileSync(path, "utf8").replace(/^<<< (\S+)$/gm, (_, file) => {
    return `\`\`\`ts\n${readFileSync(join(dirname(path), file), "utf8")}\`\`\``;
  });
  return page.replace(/<!--@include: (\S+?)(?:#(\S+))?-->/g, (_, file, region) => {
    const text = readFileSync(join(dirname(path), file), "utf8");
    if (region === undefined) return text;
    return text.split(`<!-- #region ${region} -->`)[1]?.split(`<!-- #endregion ${region} -->`)[0] ?? "";
  });
}

/** Of the first paragraph of prose, without links. */
function firstSentence(page) {
  const paragraph = page.split(/\n{2,}/).find((block) => /^[A-Z`@]/.test(block)) ?? "";
  const text = paragraph.replaceAll("\n", " ").replace(/\[([^\]]*)\]\([^)]*\)/g, "$1");
  return /^.*?[.:!?](?=\s|$)/.exec(text)?.[0].replace(/:$/, ".") ?? text;
}
