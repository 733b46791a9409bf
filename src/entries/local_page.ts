import { Buffer } from "node:buffer";
import { brotliDecompressSync } from "node:zlib";
import { RequestError } from "../problem.ts";
import type { PageFiles } from "../server/app_options.ts";

/** The files of the page for hosts without static assets. A checkout has them after `deno task page`. */
export const localPage: PageFiles = createLocalPage(async () =>
  (await import("../server/page/files.json", { with: { type: "json" } })).default
);

/**
 * @param load loads the files by path, each compressed by brotli, in base64. It fails in a checkout in which the page was not built
 */
export function createLocalPage(load: () => Promise<Readonly<Record<string, string>>>): PageFiles {
  async function compressedFile(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const files = await load().catch(() => {
      throw new RequestError("not_found", "the page is not built", {
        hint: "run deno task page, then start the server again",
      });
    });
    return Object.hasOwn(files, path) ? Buffer.from(files[path] ?? "", "base64") : undefined;
  }
  return {
    document: async () =>
      (await import("../server/api/openapi.json", { with: { type: "json" } })).default,
    compressedFile,
    async file(path): Promise<string | undefined> {
      const bytes = await compressedFile(path);
      return bytes && brotliDecompressSync(bytes).toString();
    },
  };
}
