/** esbuild plugins that leave out the parts of packages that nothing here uses, and that no bundler can leave out by itself. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";

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

/**
 * Shortens the tables behind `\p{…}` to ASCII: tags and names of repositories have no other characters. They would be a third of the
 * package. Case folding keeps its table.
 */
export const slimRe2js: Plugin = {
  name: "slim-re2js",
  setup({ onLoad }): void {
    onLoad({ filter: /[/\\]re2js[/\\]build[/\\]index\.js$/ }, ({ path }) => {
      const code = readFileSync(path, "utf8");
      const contents = code.replaceAll(
        /decodeRanges\("([\w+-]*)", (true|false)\)/g,
        (_, text, isStride1) =>
          `decodeRanges("${cutRanges(text, isStride1 === "true" ? 2 : 3)}", ${isStride1})`,
      );
      if (contents === code) throw new Error("re2js has its tables in another form");
      return { contents };
    });
  },
};

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";

/**
 * Removes the ranges that begin above ASCII. A number is written in digits of five bits, the lowest first; a sixth bit says that
 * another one follows. A range is the distance from the end of the last one to its start, its length and, with three numbers, its
 * stride.
 */
function cutRanges(text: string, numbersPerRange: number): string {
  let [position, numbers, value, shift, end] = [0, 0, 0, 0, 0];
  for (let i = 0; i < text.length; i++) {
    const digit = DIGITS.indexOf(text.charAt(i));
    value |= (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    const part = numbers++ % numbersPerRange;
    if (part < 2) position += value;
    if (part === 0 && position > 0x7f) break;
    if (part === numbersPerRange - 1) end = i + 1;
    [value, shift] = [0, 0];
  }
  return text.slice(0, end);
}

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
