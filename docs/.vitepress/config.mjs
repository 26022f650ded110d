import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { defineConfig } from "vitepress";
import { writeLlms } from "./llms.mjs";

const { repository } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
/** Where files outside of docs/ can be read; undefined until the repository has an address. */
const source = repository?.url.replace(/^git\+|\.git$/g, "");

const pages = (folder, names) => Object.entries(names).map(([name, text]) => ({ text, link: `/${folder}${name}` }));

const sidebar = [
  { text: "Learn", items: pages("", { "quick-start": "Quick start", concepts: "Concepts", faq: "FAQ", why: "What goes wrong" }) },
  {
    text: "Guides",
    items: pages("guides/", {
      chat: "A chat in full",
      serverless: "Serverless functions",
      "background-jobs": "Background jobs",
      "langgraph-server": "LangGraph's own server",
    }),
  },
  {
    text: "Operate",
    items: pages("operate/", {
      "going-to-production": "Going to production",
      postgres: "Postgres",
      redis: "Redis",
      leases: "Leases",
      shutdown: "Shutting down",
      retention: "Retention",
      migration: "Migration",
    }),
  },
  {
    text: "Reference",
    items: [
      ...pages("reference/", {
        contract: "Contract",
        guarantees: "Guarantees",
        errors: "Errors",
        compatibility: "Compatibility",
        tested: "What tests each rule",
        "unhandled-rejections": "Unhandled rejections",
      }),
      ...pages("reference/api/", {
        "checkpoint-postgres/": "API: checkpoint-postgres",
        "checkpoint-redis/": "API: checkpoint-redis",
        "checkpoint-conformance/": "API: checkpoint-conformance",
      }),
    ],
  },
  {
    text: "Evidence",
    items: pages("", { performance: "Performance", conformance: "Savers compared", "decisions/README": "Decisions" }),
  },
];

/**
 * Links from a page to a file outside of docs/ go to the repository. Without an address of it they become plain text, as a site has no such file.
 * All other links that lead nowhere fail the build.
 */
function linkToRepository(markdown) {
  const { link_open: openLink, link_close: closeLink } = markdown.renderer.rules;
  const render = (tokens, index, options, _env, self) => self.renderToken(tokens, index, options);
  let isText = false;
  markdown.renderer.rules.link_open = (tokens, index, options, env, self) => {
    const href = tokens[index].attrGet("href") ?? "";
    const path = posix.join("docs", posix.dirname(env.relativePath ?? ""), href);
    const isPage = /^(https?:|#|\/)/.test(href) || (path.startsWith("docs/") && /\.(md|html)(#|$)/.test(path));
    if (isPage) return (openLink ?? render)(tokens, index, options, env, self);
    isText = source === undefined;
    if (isText) return `<span title="${markdown.utils.escapeHtml(path)} in the repository">`;
    tokens[index].attrSet("href", `${source}/blob/main/${path}`);
    return render(tokens, index, options, env, self);
  };
  markdown.renderer.rules.link_close = (tokens, index, options, env, self) => {
    if (isText) {
      isText = false;
      return "</span>";
    }
    return (closeLink ?? render)(tokens, index, options, env, self);
  };
}

export default defineConfig({
  title: "Holdfast",
  description: "Durable checkpointers for LangGraph.js, on Postgres and Redis",
  cleanUrls: true,
  lastUpdated: false,
  // A page that only GitHub needs, and programs that pages link to.
  srcExclude: ["conformance/**"],
  themeConfig: {
    nav: [
      { text: "Quick start", link: "/quick-start" },
      { text: "Concepts", link: "/concepts" },
      { text: "Contract", link: "/reference/contract" },
      { text: "Errors", link: "/reference/errors" },
    ],
    sidebar,
    outline: [2, 3],
    search: { provider: "local" },
    ...(source === undefined ? {} : { socialLinks: [{ icon: "github", link: source }] }),
  },
  markdown: { config: linkToRepository },
  buildEnd: (site) => writeLlms(site, sidebar),
});
