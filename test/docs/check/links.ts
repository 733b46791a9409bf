/** Checks the links of pages, without a request. */
import { posix } from "node:path";
import type { Link, Mistake, Page } from "./page.ts";

/** Hosts of official documentation, and of the projects that the documents refer to. */
const HOSTS = [
  "cloud.google.com",
  "deno.com",
  "deploy.workers.cloudflare.com",
  "developers.cloudflare.com",
  "developers.google.com",
  "distribution.github.io",
  "docs.aws.amazon.com",
  "docs.azure.cn",
  "docs.cloud.google.com",
  "docs.deno.com",
  "docs.docker.com",
  "docs.gitea.com",
  "docs.github.com",
  "docs.gitlab.com",
  "docs.npmjs.com",
  "docs.quay.io",
  "fast-check.dev",
  "github.com",
  "gitlab.com",
  "goharbor.io",
  "googleapis.dev",
  "help.sonatype.com",
  "hono.dev",
  "hub.docker.com",
  "jfrog.com",
  "jsr.io",
  "keepachangelog.com",
  "kubernetes.io",
  "learn.microsoft.com",
  "nodejs.org",
  "oras.land",
  "pkg.go.dev",
  "pypi.org",
  "semver.org",
  "slsa.dev",
  "specs.opencontainers.org",
  "www.contributor-covenant.org",
  "www.rfc-editor.org",
  "www.standardwebhooks.com",
  "zotregistry.dev",
];

export interface LinkContext {
  readonly pages: ReadonlyMap<string, Page>;
  /** Whether a file or a folder of the repository exists. */
  exists(path: string): boolean;
}

export function checkLinks(page: Page, context: LinkContext): Mistake[] {
  return page.links.flatMap((link) => {
    const message = checkLink(page, link, context);
    return message === undefined ? [] : [{ path: page.path, line: link.line, message }];
  });
}

function checkLink(page: Page, { target }: Link, context: LinkContext): string | undefined {
  if (/^[a-z][a-z+.-]*:/i.test(target)) return checkExternal(target);
  if (target.startsWith("/")) return `${target}: expected a relative path`;
  const [file = "", anchor] = target.split("#");
  const path = file === ""
    ? page.path
    : posix.join(posix.dirname(page.path), decodeURIComponent(file)).replace(/\/$/, "");
  if (path.startsWith("..")) return `${target}: is outside the repository`;
  if (!context.exists(path)) return `${target}: there is no such file`;
  if (anchor === undefined) return undefined;
  const linked = context.pages.get(path);
  if (!linked) return path.endsWith(".md") ? `${target}: there is no such page` : undefined;
  if (linked.anchors.has(anchor)) return undefined;
  return `${target}: ${path} has no heading #${anchor}`;
}

/** Pages that neither the index of the documents nor the index of their folder links to. Decisions have no index. */
export function findUnlisted(pages: ReadonlyMap<string, Page>): Mistake[] {
  const listed = new Set<string>();
  for (const path of pages.keys()) {
    if (posix.basename(path) !== "index.md") continue;
    for (const { target } of pages.get(path)?.links ?? []) {
      listed.add(posix.join(posix.dirname(path), target.split("#")[0] ?? ""));
    }
  }
  return [...pages.keys()]
    .filter((path) => /^docs\/(?!adr\/|index\.md$)/.test(path) && !listed.has(path))
    .map((path) => ({ path, line: 1, message: "docs/index.md does not link to this page" }));
}

function checkExternal(target: string): string | undefined {
  if (target.startsWith("mailto:")) return undefined;
  if (!URL.canParse(target)) return `${target}: is not a URL`;
  const { protocol, hostname } = new URL(target);
  if (protocol !== "https:") return `${target}: expected https`;
  if (HOSTS.includes(hostname)) return undefined;
  return `${target}: the host ${hostname} is not in HOSTS of test/docs/check/links.ts`;
}
