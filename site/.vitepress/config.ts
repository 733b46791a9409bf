/** The site of the documents. Its navigation is the list in docs/index.md. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";
import type { DefaultTheme } from "vitepress";
import { slugify } from "../slugify.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SOURCE = join(ROOT, ".cache/site-source");

const { GITHUB_SERVER_URL = "https://github.com", GITHUB_REPOSITORY, SITE_BASE } = process.env;
/** Undefined where the build does not know it. */
const REPOSITORY = GITHUB_REPOSITORY && `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}`;
/** The path of a project's site on GitHub Pages. */
const BASE = SITE_BASE ?? (GITHUB_REPOSITORY ? `/${GITHUB_REPOSITORY.split("/")[1]}/` : "/");

const sidebar = readSidebar();

export default defineConfig({
  title: "crossdock",
  description: "Copies container images between registries, and keeps mirrors up to date",
  base: BASE,
  srcDir: SOURCE,
  outDir: join(ROOT, ".cache/site"),
  cacheDir: join(ROOT, ".cache/site-cache"),
  cleanUrls: true,
  lastUpdated: false,
  // `deno task docs:check` checks them.
  ignoreDeadLinks: true,
  head: [["link", { rel: "icon", href: `${BASE}icon.svg`, type: "image/svg+xml" }]],
  markdown: {
    anchor: { slugify },
    config(md): void {
      // Vue would evaluate what is in double braces.
      const toHtml = (text: string): string =>
        md.utils.escapeHtml(text).replaceAll("{{", "&#123;&#123;");
      md.renderer.rules.text = (tokens, index): string => toHtml(tokens[index]?.content ?? "");
      // A browser would break --flag after its hyphens.
      md.renderer.rules.code_inline = (tokens, index): string => {
        const text = tokens[index]?.content ?? "";
        return `<code${text.length < 25 ? ' class="short"' : ""}>${toHtml(text)}</code>`;
      };
      // Placeholders such as <token> in text. HTML of documents is in blocks.
      md.renderer.rules.html_inline = (tokens, index): string => {
        const html = tokens[index]?.content ?? "";
        return /^<(?:br|img|!--)/.test(html) ? html : toHtml(html);
      };
      md.core.ruler.push("links", ({ tokens, env }) => {
        for (const token of tokens) {
          let isText = false;
          for (const child of token.children ?? []) {
            if (child.type === "link_open") {
              const href = toSiteLink(child.attrGet("href") ?? "", env.relativePath);
              isText = href === undefined;
              child.attrSet("href", href ?? "");
            } else if (child.type !== "link_close") continue;
            if (isText) child.type = "text";
          }
        }
      });
    },
  },
  themeConfig: {
    logo: "/icon.svg",
    nav: [
      { text: "Start", link: "/start" },
      { text: "Deploy", link: "/deploy/" },
      { text: "Mirrors", link: "/sync" },
      { text: "Command line", link: "/cli" },
      { text: "Library", link: "/library" },
    ],
    sidebar,
    outline: [2, 3],
    search: { provider: "local" },
    ...(REPOSITORY && { socialLinks: [{ icon: "github", link: REPOSITORY }] }),
    footer: { message: "MIT licence" },
  },
});

/** The groups of docs/index.md. A link to the index of a folder brings all pages of the folder. */
function readSidebar(): DefaultTheme.SidebarItem[] {
  const groups: DefaultTheme.SidebarItem[] = [];
  for (const line of readFileSync(join(SOURCE, "index.md"), "utf8").split("\n")) {
    const [, heading] = /^## (.*)$/.exec(line) ?? [];
    if (heading !== undefined) groups.push({ text: heading, collapsed: false, items: [] });
    const [, text, target] = /^- \[([^\]]*)\]\(([^)]*)\)/.exec(line) ?? [];
    if (text === undefined || target === undefined) continue;
    const folder = target.endsWith(".md") ? posix.dirname(target) : target;
    const isFolder = !target.endsWith(".md") || target.endsWith("/index.md");
    const items = isFolder ? listFolder(folder) : [];
    const link = toPath(target);
    groups.at(-1)?.items?.push({
      text,
      ...(link !== undefined && { link }),
      ...(items.length > 0 && { items, collapsed: true }),
    });
  }
  // A group that is only a folder has its pages without another level. It opens with its pages.
  for (const group of groups) {
    const [{ items = [], collapsed: _, ...index } = {}, ...others] = group.items ?? [];
    if (others.length === 0 && items.length > 0) {
      group.items = [index, ...items];
      group.collapsed = true;
    }
  }
  return groups;
}

function listFolder(folder: string): DefaultTheme.SidebarItem[] {
  if (!existsSync(join(SOURCE, folder))) return [];
  return readdirSync(join(SOURCE, folder)).sort()
    .filter((name) => name.endsWith(".md") && name !== "index.md")
    .map((name) => ({
      text: titleOf(join(folder, name)),
      link: `/${folder}/${name.slice(0, -3)}`,
    }));
}

function titleOf(path: string): string {
  const text = readFileSync(join(SOURCE, path), "utf8");
  return (/^# (.*)$/m.exec(text)?.[1] ?? path).replaceAll("`", "");
}

/** The path of a page on the site. Undefined for a folder without an index. */
function toPath(target: string): string | undefined {
  if (target.endsWith(".md")) return `/${target.replace(/(?:index)?\.md$/, "")}`;
  return existsSync(join(SOURCE, target, "index.md")) ? `/${target}/` : undefined;
}

/** Links to pages stay. A folder becomes its first page. A file outside docs/ is in the repository, or has no link. */
function toSiteLink(href: string, page: string): string | undefined {
  if (/^(?:[a-z]+:|#|\/)/.test(href)) return href;
  const [file = "", anchor] = href.split("#");
  const path = posix.join(posix.dirname(page), file);
  if (path.startsWith("..")) {
    return REPOSITORY && `${REPOSITORY}/blob/main/${path.replace(/^\.\.\//, "")}`;
  }
  if (file.endsWith(".json")) return `${BASE}${path}`;
  if (file.endsWith(".md") || !existsSync(join(SOURCE, path))) return href;
  const first = readdirSync(join(SOURCE, path)).sort().find((name) => name.endsWith(".md"));
  const target = existsSync(join(SOURCE, path, "index.md")) ? "index.md" : first;
  return `${file.replace(/\/$/, "")}/${target}${anchor === undefined ? "" : `#${anchor}`}`;
}
