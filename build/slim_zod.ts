/** An esbuild plugin that leaves out the parts of zod that nothing here uses: a third of its code. */
import { fileURLToPath } from "node:url";
import type { Plugin } from "../tools/node_modules/esbuild/lib/main.d.ts";

const UNUSED = fileURLToPath(new URL("zod_unused.ts", import.meta.url));

/** As in `[alias]` of wrangler.toml, which a test compares. */
export const UNUSED_MODULES = [
  "../locales/index.js",
  "../locales/en.js",
  "../core/to-json-schema.js",
  "../core/json-schema-processors.js",
];

export const slimZod: Plugin = {
  name: "slim-zod",
  setup({ onResolve }): void {
    onResolve({ filter: /^\.\.\/(locales|core)\// }, ({ path, importer }) => {
      const isUnused = UNUSED_MODULES.includes(path) && /[/\\]zod[/\\]/.test(importer);
      return isUnused ? { path: UNUSED } : undefined;
    });
  },
};
