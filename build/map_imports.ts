/**
 * Replaces imports of our `@std/streams` modules in dist/ by relative paths, because the npm package contains these files but not
 * the import map. Imports of the original package in node_modules/ do not change.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path/posix";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DIST = join(ROOT, "dist");
const IMPORT = /(?<=^(?:import|export)\s[^;"]*?")@std\/streams\/[^"]+(?=")/gm;
/** The package.json of the sources, which has the version. It is one folder higher from dist/. */
const PACKAGE = /(?<=^import [^;"]*")(?:\.\.\/)+package\.json(?=")/gm;

for (const name of readdirSync(DIST, { recursive: true, encoding: "utf8" })) {
  if (!/\.(js|d\.ts)$/.test(name)) continue;
  const file = join(DIST, name);
  const text = readFileSync(file, "utf8");
  const mapped = text.replace(IMPORT, (specifier) => toRelative(specifier, file))
    .replace(PACKAGE, "../$&");
  if (mapped !== text) writeFileSync(file, mapped);
}

// The compiler has copied it. With it, dist/ would be a package of its own.
rmSync(join(DIST, "package.json"), { force: true });

function toRelative(specifier: string, importer: string): string {
  const source = relative(ROOT, fileURLToPath(import.meta.resolve(specifier)));
  if (!source.startsWith("src/")) return specifier;
  const path = relative(dirname(importer), join(DIST, source.replace(/\.ts$/, ".js")));
  return path.startsWith(".") ? path : `./${path}`;
}
