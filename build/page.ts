/**
 * Builds the static files that the server has at `/` and `/docs`, with hashed names: `deno task page`. They go to
 * .cache/page, which Workers serve as static assets, and compressed in one JSON file to src/server/page, which all other hosts import.
 */
import type { Buffer } from "node:buffer";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "esbuild";
import { renderPage } from "./api_page/page.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The contents of the files by path, below the path of the server. */
export type PageFiles = Readonly<Record<string, string>>;

/** Builds the files, and writes nothing. */
export async function buildPage(): Promise<PageFiles> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: {
      page: "page/main.tsx",
      base: "page/style/base.css",
      docs: "build/api_page/style.css",
    },
    outdir: "/",
    entryNames: "[name]-[hash]",
    bundle: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    jsx: "automatic",
    jsxImportSource: "preact",
    minify: true,
    legalComments: "none",
    write: false,
  });
  const bundles = Object.fromEntries(
    outputFiles.map(({ path, text }) => [basename(path), text]),
  );
  const find = (entry: string, extension: string): string => {
    const name = Object.keys(bundles).find((name) =>
      name.startsWith(`${entry}-`) && name.endsWith(extension)
    );
    if (!name) throw new Error(`esbuild made no ${extension} file of ${entry}`);
    return `assets/${name}`;
  };
  const base = find("base", ".css");
  const document = readFileSync(join(ROOT, "src/server/api/openapi.json"), "utf8");
  return {
    "index.html": readFileSync(join(ROOT, "page/index.html"), "utf8")
      .replace("assets/BASE", base)
      .replace("assets/STYLE", find("page", ".css"))
      .replace("assets/SCRIPT", find("page", ".js")),
    "docs.html": await renderPage(JSON.parse(document), { styles: [base, find("docs", ".css")] }),
    "openapi.json": document,
    "assets/icon.svg": readFileSync(join(ROOT, "page/icon.svg"), "utf8"),
    ...Object.fromEntries(Object.entries(bundles).map(([name, text]) => [`assets/${name}`, text])),
  };
}

/** The bytes that a browser gets for the page and for `/docs`. */
export function compressedPageBytes(files: PageFiles): number {
  return Object.entries(files).filter(([name]) => name !== "openapi.json")
    .reduce((sum, [, text]) => sum + compress(text).byteLength, 0);
}

/** By brotli, which all browsers accept over TLS and on loopback. */
function compress(text: string): Buffer {
  return brotliCompressSync(text, {
    params: {
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    },
  });
}

/** Several processes may build at once, so a file is never there in part, and none is removed that is still right. */
function write(path: string, text: string): void {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.${process.pid}`, text);
  renameSync(`${path}.${process.pid}`, path);
}

/** Writes the files for Workers and for the other hosts. */
export function writePage(files: PageFiles): void {
  const folder = join(ROOT, ".cache/page");
  for (const [path, text] of Object.entries(files)) write(join(folder, path), text);
  for (const name of readdirSync(join(folder, "assets"))) {
    const isOld = /\.(css|js)$/.test(name) && !Object.hasOwn(files, `assets/${name}`);
    if (isOld) rmSync(join(folder, "assets", name), { force: true });
  }
  // The OpenAPI document is a file of its own there.
  const { "openapi.json": _, ...others } = files;
  const compressed = Object.fromEntries(
    Object.entries(others).map(([path, text]) => [path, compress(text).toString("base64")]),
  );
  write(join(ROOT, "src/server/page/files.json"), `${JSON.stringify(compressed)}\n`);
}

if (import.meta.main) writePage(await buildPage());
