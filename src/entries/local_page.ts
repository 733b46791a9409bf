import type { PageFiles } from "../server/app_options.ts";

/** The files of the page for hosts without static assets. A checkout has them after `deno task page`. */
export const localPage: PageFiles = {
  document: async () =>
    (await import("../server/api/openapi.json", { with: { type: "json" } })).default,
  async file(path): Promise<string | undefined> {
    const { default: files } = await import("../server/page/files.json", {
      with: { type: "json" },
    });
    return new Map<string, string>(Object.entries(files)).get(path);
  },
};
