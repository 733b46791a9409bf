/** The page at `/`, the API description at `/docs` and `/openapi.json`, and their assets: static files of `deno task page`. */
import type { Context } from "hono";
import { etag } from "hono/etag";
import { requireConfigured } from "../access.ts";
import type { Configured } from "../access.ts";
import type { AppOptions } from "../app_options.ts";
import { RequestError } from "../../problem.ts";
import { createRouter } from "../router.ts";

/** Clients revalidate on each request and get 304 if nothing has changed. */
const REVALIDATED = "no-cache";

/** The name of an asset has a hash of its content. */
const IMMUTABLE = "public, max-age=31536000, immutable";

/** No inline script or style, and nothing from another origin. Registries' texts cannot become HTML. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/**
 * All need no token: a browser cannot send one, and the files hold no data. A server that is not configured serves none.
 * docs/adr/0010-api-document.md, docs/adr/0035-page.md
 */
// deno-lint-ignore explicit-function-return-type
export function pageRoutes(options: Configured & Pick<AppOptions, "pageFiles">) {
  const { pageFiles } = options;
  const middleware = [requireConfigured(options), etag()] as const;

  async function serve({ req }: Context, path: string, caching: string): Promise<Response> {
    // `br;q=0` rejects it. https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
    const acceptsBrotli = /(?:^|[,\s])br(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))\s*(?:[;,]|$)/i
      .test(req.header("accept-encoding") ?? "");
    const compressed = acceptsBrotli ? await pageFiles?.compressedFile?.(path) : undefined;
    const body = compressed ?? await pageFiles?.file(path);
    if (body === undefined) throw noFile(pageFiles ? path : undefined);
    return new Response(body, {
      headers: {
        "content-type": MEDIA_TYPES[path.split(".").pop() ?? ""] ?? "application/octet-stream",
        "cache-control": caching,
        "content-security-policy": POLICY,
        ...(pageFiles?.compressedFile ? { vary: "accept-encoding" } : {}),
        ...(compressed ? { "content-encoding": "br" } : {}),
      },
    });
  }

  return createRouter()
    // Plain Responses, so that the files' types do not become part of the client's type.
    .get("/", ...middleware, (context): Response | Promise<Response> => {
      const { pathname } = new URL(context.req.url);
      // Below a path, the page's relative URLs need its last slash.
      return pathname.endsWith("/")
        ? serve(context, "index.html", REVALIDATED)
        : context.redirect(`./${pathname.split("/").pop()}/`, 308);
    })
    .get("/docs", ...middleware, (context) => serve(context, "docs.html", REVALIDATED))
    .get("/assets/:name", ...middleware, (context): Promise<Response> => {
      const { name } = context.req.param();
      if (!/^[\w-]+\.(css|js|svg)$/.test(name)) throw noFile(`assets/${name}`);
      return serve(context, `assets/${name}`, name.includes("-") ? IMMUTABLE : REVALIDATED);
    })
    .get("/openapi.json", ...middleware, async (context): Promise<Response> => {
      if (!pageFiles) throw noFile();
      return context.json(await pageFiles.document(), 200, { "cache-control": REVALIDATED });
    });
}

function noFile(path?: string): RequestError {
  return path === undefined
    ? new RequestError("not_found", "the server was deployed without its page", {
      hint: "on Workers, bind the static files as ASSETS: see docs/deploy/cloudflare.md",
    })
    : new RequestError("not_found", `the page has no file ${path}`, {
      hint: "reload the page: the server was updated since it was loaded",
    });
}
