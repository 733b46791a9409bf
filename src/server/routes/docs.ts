/** `/openapi.json` and `/docs`: the API described, for programs and for people. */
import { etag } from "hono/etag";
import { requireConfigured } from "../access.ts";
import type { AppOptions } from "../app_options.ts";
import { RequestError } from "../../problem.ts";
import { createRouter } from "../router.ts";

/** Clients ask again each time, and get 304 as long as nothing has changed. */
const CACHING = { "cache-control": "no-cache" };

/**
 * Both need no token, since a browser has none to send and they hold no secret. A server that is not configured shows neither.
 * docs/adr/0010-api-document.md
 */
// deno-lint-ignore explicit-function-return-type
export function docsRoutes(options: AppOptions) {
  const { apiFiles } = options;
  const middleware = [requireConfigured(options), etag()] as const;
  return createRouter()
    // As a plain Response: the document's type would be part of every client's.
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
    "this server was deployed without the description of its API",
    {
      hint: "on Workers bind the static files as ASSETS: docs/deploy/cloudflare.md",
    },
  );
}
