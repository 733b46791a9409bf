/** Reads a Markdown file: its code blocks, its links, and the anchors of its headings. */
import MarkdownIt from "markdown-it";
import { slugify } from "../../../site/slugify.ts";

export interface Block {
  /** The line of the file on which the code begins, from 1. */
  readonly line: number;
  /** The words after the fence: a language, and what narrows it. */
  readonly info: string;
  readonly text: string;
}

export interface Link {
  readonly line: number;
  readonly target: string;
}

export interface Page {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly blocks: readonly Block[];
  readonly links: readonly Link[];
  readonly anchors: ReadonlySet<string>;
  readonly mistakes: readonly Mistake[];
}

export interface Mistake {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

const MARK = /^> \*\*Not tried here\*\*: \S.*\.$/;
const HTML_LINK = /\b(?:href|src|srcset)="([^"]+)"/g;

const markdown = new MarkdownIt({ html: true });

export function readPage(path: string, text: string): Page {
  const blocks: Block[] = [];
  const links: Link[] = [];
  const mistakes: Mistake[] = [];
  const anchors = new Set<string>();
  const lines = text.split("\n");
  const tokens = markdown.parse(text, {});

  for (const [index, token] of tokens.entries()) {
    const line = (token.map?.[0] ?? 0) + 1;
    if (token.type === "fence") {
      blocks.push({ line: line + 1, info: token.info.trim(), text: token.content });
    } else if (token.type === "code_block") {
      mistakes.push({ path, line, message: "indented code: write a fence with a language" });
    } else if (token.type === "heading_open") {
      addAnchor(anchors, tokens[index + 1]?.content ?? "");
    } else if (token.type === "html_block") {
      for (const [, target = ""] of token.content.matchAll(HTML_LINK)) links.push({ line, target });
    }
    for (const child of token.children ?? []) {
      const target = child.attrGet("href") ?? child.attrGet("src");
      if (target !== null) links.push({ line, target: String(target) });
      if (child.type !== "html_inline") continue;
      for (const [, target = ""] of child.content.matchAll(HTML_LINK)) links.push({ line, target });
      if (/^<(?:br|img|!--)/.test(child.content)) continue;
      const message = `${child.content}: readers do not see it: write it as code`;
      mistakes.push({ path, line, message });
    }
  }
  for (const [index, line] of lines.entries()) {
    if (!/not tried here/i.test(line) || MARK.test(line) || line.includes("`> **Not tried")) {
      continue;
    }
    mistakes.push({
      path,
      line: index + 1,
      message: "expected one line of the form > **Not tried here**: needs an AWS account.",
    });
  }
  return { path, blocks, links, anchors, mistakes };
}

/** As GitHub and the site make them. */
function addAnchor(anchors: Set<string>, heading: string): void {
  const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");
  const slug = slugify(plain);
  let anchor = slug;
  for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`;
  anchors.add(anchor);
}
