/** `/openapi.json` and `/docs`: the API described, for programs and for people. */
import { etag } from "hono/etag";
import { requireConfigured } from "../access.ts";
import type { AppOptions } from "../app_options.ts";
import { renderPage } from "../docs/page.ts";
import type { Page } from "../docs/page.ts";
import type { ApiDocument } from "../document.ts";
import { createRouter } from "../router.ts";

/** Asked for again each time, and answered by 304 as long as nothing has changed. */
const CACHING = { "cache-control": "no-cache" };

/**
 * Both need no token, since a browser has none to send and they hold no secret; still, a server that is not configured shows
 * nothing.
 *
 * @param describe makes the document; called once, and not before somebody asks
 */
// deno-lint-ignore explicit-function-return-type
export function docsRoutes(options: AppOptions, describe: () => ApiDocument) {
  let document: ApiDocument | undefined;
  let page: Page | undefined;
  const getDocument = (): ApiDocument => document ??= describe();
  const middleware = [requireConfigured(options), etag()] as const;
  return createRouter()
    // As text: the document's type would be part of every client's.
    .get(
      "/openapi.json",
      ...middleware,
      (context): Response =>
        context.body(JSON.stringify(getDocument()), 200, {
          ...CACHING,
          "content-type": "application/json",
        }),
    )
    .get("/docs", ...middleware, async (context): Promise<Response> => {
      // Kept once it is there: on Workers no request may wait for what another one began.
      page ??= await renderPage(getDocument());
      const { html, policy } = page;
      return context.html(html, 200, { ...CACHING, "content-security-policy": policy });
    });
}
