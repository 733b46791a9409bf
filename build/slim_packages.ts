/** esbuild plugins that leave out the parts of packages that nothing here uses, and that no bundler can leave out by itself. */
import { fileURLToPath } from "node:url";
import type { Plugin } from "../tools/node_modules/esbuild/lib/main.d.ts";

/** Leaves out a third of zod: JSON schemas and its own messages. */
export const slimZod: Plugin = leaveOut("zod", "zod_unused.ts", [
  "locales/index.js",
  "locales/en.js",
  "core/to-json-schema.js",
  "core/json-schema-processors.js",
]);

/** For the Worker, which only reads YAML, and only by the schema of src/config/read_yaml.ts: leaves out a quarter of the package. */
export const slimYaml: Plugin = leaveOut("yaml", "yaml_unused.ts", [
  ...["stringify", "stringifyCollection", "stringifyDocument", "stringifyNumber", "stringifyPair"]
    .map((name) => `stringify/${name}.js`),
  "stringify/stringifyString.js",
  ...["bool", "float", "int", "schema"].map((name) => `core/${name}.js`),
  "json/schema.js",
  ...["binary", "omap", "pairs", "schema", "set", "timestamp"].map((name) => `yaml-1.1/${name}.js`),
]);

/** @param modules ends of relative imports within the package */
function leaveOut(name: string, replacement: string, modules: readonly string[]): Plugin {
  const path = fileURLToPath(new URL(replacement, import.meta.url));
  const inPackage = new RegExp(`[/\\\\]${name}[/\\\\]`);
  return {
    name: `slim-${name}`,
    setup({ onResolve }): void {
      onResolve({ filter: /^\.\.?\// }, ({ path: specifier, importer }) => {
        const isUnused = modules.some((module) => specifier.endsWith(`/${module}`));
        return isUnused && inPackage.test(importer) ? { path } : undefined;
      });
    },
  };
}
