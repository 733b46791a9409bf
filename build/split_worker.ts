/**
 * Splits the Worker into modules, so that workerd parses and evaluates the modules of rules only if there are rules: wrangler itself
 * makes one file of everything. `main` of wrangler.toml is the result. See worker.ts.
 */
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
import type { Metafile } from "esbuild";
import { build } from "esbuild";
import { slimRe2js, slimYaml, slimZod } from "./slim_packages.ts";
import { readSources, withoutDescriptions, withoutUnusedMethods } from "./slim_schemas.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

const OUTDIR = join(ROOT, ".cache/worker_modules");

interface SplitWorker {
  readonly outputFiles: readonly { readonly path: string; readonly contents: Uint8Array }[];
  readonly metafile: Metafile;
}

/** Builds the modules, and writes nothing. */
export async function splitWorker(): Promise<SplitWorker> {
  return await build({
    absWorkingDir: ROOT,
    entryPoints: ["src/entries/deployed_worker.ts"],
    outdir: OUTDIR,
    // wrangler attaches the files of this folder.
    chunkNames: "modules/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2024",
    charset: "utf8",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*"],
    minify: true,
    legalComments: "none",
    sourcemap: true,
    plugins: [
      slimZod,
      slimYaml,
      slimRe2js,
      withoutDescriptions,
      withoutUnusedMethods(readSources()),
    ],
    metafile: true,
    write: false,
  });
}

/** Several tests run wrangler at once, so a file is never there in part, and none is removed that is still right. */
export function writeModules({ outputFiles }: SplitWorker): void {
  for (const { path, contents } of outputFiles) {
    if (existsSync(path) && readFileSync(path).equals(contents)) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.${process.pid}`, contents);
    renameSync(`${path}.${process.pid}`, path);
  }
  const names = new Set(outputFiles.map(({ path }) => basename(path)));
  const modules = join(OUTDIR, "modules");
  for (const name of readdirSync(modules)) {
    if (/\.js(\.map)?$/.test(name) && !names.has(name)) {
      rmSync(join(modules, name), { force: true });
    }
  }
}
