/** esbuild plugins that make schemas smaller and faster to create. They need no change of the schemas. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";

/**
 * Leaves out `.meta({…})` and `.describe("…")`. Only the API document and the schema of crossdock.yaml read them, which are made
 * beforehand, and each call copies a schema when a program starts.
 */
export const withoutDescriptions: Plugin = {
  name: "without-descriptions",
  setup({ onLoad }): void {
    onLoad({ filter: /[/\\]src[/\\].*\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      if (!/^import \* as z from "zod";$/m.test(text)) return undefined;
      return { contents: removeDescriptions(text), loader: "ts" };
    });
  },
};

/** The start of a call whose argument is an object or a text. */
const DESCRIPTION = /\.(?:meta\(\s*(?=\{)|describe\(\s*(?=["'`]))/g;

/** Strings, comments and parentheses. */
const TOKEN = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|\/\/.*|\/\*[^]*?\*\/|[()]/g;

/** Removes the calls from the text of a module. */
export function removeDescriptions(text: string): string {
  let [result, end] = ["", 0];
  for (const { 0: start, index } of text.matchAll(DESCRIPTION)) {
    // A call within a call that was removed.
    if (index < end) continue;
    result += text.slice(end, index);
    end = findEnd(text, index + start.length);
  }
  return result + text.slice(end);
}

/** Returns the offset after the parenthesis that closes a call. */
function findEnd(text: string, start: number): number {
  let depth = 1;
  TOKEN.lastIndex = start;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    if (match[0] === "(") depth += 1;
    if (match[0] === ")") depth -= 1;
    if (depth === 0) return TOKEN.lastIndex;
  }
  throw new SyntaxError(`no end of the call at ${start}`);
}

const SOURCES = fileURLToPath(new URL("../src", import.meta.url));

/** The texts of all modules of src/. */
export function readSources(): string[] {
  return readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(SOURCES, name), "utf8"));
}

/**
 * Leaves out the methods of zod's schemas that no source calls, such as `emoji()` and its expression. No bundler can do this: it does
 * not know the types of objects.
 *
 * @param sources the texts of the modules that are bundled, or of more
 */
export function withoutUnusedMethods(sources: readonly string[]): Plugin {
  const names = new Set(sources.flatMap((text) => text.match(/(?<=\.)\w+/g) ?? []));
  return {
    name: "without-unused-methods",
    setup({ onLoad }): void {
      onLoad({ filter: /[/\\]zod[/\\]v4[/\\]classic[/\\]schemas\.js$/ }, ({ path }) => {
        const text = readFileSync(path, "utf8");
        const contents = text.replace(
          METHOD,
          (method, name: string) =>
            names.has(name) || text.replace(method, "").includes(`.${name}(`) ? method : "",
        );
        return { contents, loader: "js" };
      });
    },
  };
}

/** A method of an object on the top level, which the package indents by four spaces. */
const METHOD = /^ {4}(?:async )?(\w+)\(.*\) \{\n(?: {8}.*\n)+? {4}\},\n/gm;
