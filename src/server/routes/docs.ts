/** `/openapi.json` and `/docs`: the API description as an OpenAPI document and as a page. */
import { etag } from "hono/etag";
import { requireConfigured } from "../access.ts";
import type { AppOptions } from "../app_options.ts";
import { RequestError } from "../../problem.ts";
import { createRouter } from "../router.ts";

/** Clients revalidate on each request and get 304 if nothing has changed. */
const CACHING = { "cache-control": "no-cache" };

/**
 * Both need no token: a browser cannot send one, and they hold no secrets. A server that is not configured serves neither.
 * docs/adr/0010-api-document.md
 */
// deno-lint-ignore explicit-function-return-type
export function docsRoutes(options: AppOptions) {
  const { apiFiles } = options;
  const middleware = [requireConfigured(options), etag()] as const;
  return createRouter()
    // A plain Response, so that the document's type does not become part of the client's type.
    .get("/openapi.json", ...middleware, async (context): Promise<Response> => {
      if (!apiFiles) throw noFiles();
      return context.json(await apiFiles.document(), 200, CACHING);
    })
    .get("/docs", ...middleware, async (context): Promise<Response> => {
      if (!apiFiles) throw noFiles();
      const { lines, policy } = await apiFiles.page();
      return context.html(lines.join("\n"), 200, {
        ...CACHING,
        "content-security-policy": policy,
      });
    });
}

function noFiles(): RequestError {
  return new RequestError(
    "not_found",
    "the server was deployed without its API description",
    {
      hint: "on Workers, bind the static files as ASSETS: see docs/deploy/cloudflare.md",
    },
  );
}
