import { RequestError } from "../problem.ts";
import type { PageFiles } from "../server/app_options.ts";

/** The files of the page for hosts without static assets. A checkout has them after `deno task page`. */
export const localPage: PageFiles = createLocalPage(async () =>
  (await import("../server/page/files.json", { with: { type: "json" } })).default
);

/** @param load loads the texts by path. It fails in a checkout in which the page was not built */
export function createLocalPage(load: () => Promise<Readonly<Record<string, string>>>): PageFiles {
  return {
    document: async () =>
      (await import("../server/api/openapi.json", { with: { type: "json" } })).default,
    async file(path): Promise<string | undefined> {
      const files = await load().catch(() => {
        throw new RequestError("not_found", "the page is not built", {
          hint: "run deno task page, then start the server again",
        });
      });
      return new Map(Object.entries(files)).get(path);
    },
  };
}
