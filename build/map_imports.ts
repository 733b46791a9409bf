/**
 * Replaces imports in dist/ by relative paths: those of our `@std/streams` modules, because the npm package contains these files but
 * not the import map, and those of zod, yaml and re2js, of which dist/ gets smaller files. Imports of the original `@std/streams` in node_modules/
 * do not change, and neither do those in declarations.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { removeDescriptions } from "./slim_schemas.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DIST = join(ROOT, "dist");
const IMPORT = /(?<=^(?:import|export)\s[^;"]*?")@std\/streams\/[^"]+(?=")/gm;
const ZOD = /(?<=^import \* as z from ")zod(?=";)/gm;
const RE2JS = /(?<=^import \{[^}]*\} from ")re2js(?=";)/gm;
const YAML = /(?<=^import \{[^}]*\} from ")yaml(?=";)/gm;
/** The package.json of the sources, which has the version. It is one folder higher from dist/. */
const PACKAGE = /(?<=^import [^;"]*")(?:\.\.\/)+package\.json(?=")/gm;

for (const name of readdirSync(DIST, { recursive: true, encoding: "utf8" })) {
  if (!/\.(js|d\.ts)$/.test(name)) continue;
  const file = join(DIST, name);
  const text = readFileSync(file, "utf8");
  // Only our own build reads descriptions.
  const plain = file.endsWith(".js") && text.match(ZOD) ? removeDescriptions(text) : text;
  const mapped = plain.replace(IMPORT, (specifier) => toRelative(specifier, file))
    .replace(ZOD, file.endsWith(".js") ? relativePath(join(DIST, "zod.js"), file) : "$&")
    .replace(RE2JS, file.endsWith(".js") ? relativePath(join(DIST, "re2js.js"), file) : "$&")
    .replace(YAML, file.endsWith(".js") ? relativePath(join(DIST, "yaml.js"), file) : "$&")
    .replace(PACKAGE, "../$&");
  if (mapped !== text) writeFileSync(file, mapped);
}

// The compiler has copied it. With it, dist/ would be a package of its own.
rmSync(join(DIST, "package.json"), { force: true });

function toRelative(specifier: string, importer: string): string {
  const source = relative(ROOT, fileURLToPath(import.meta.resolve(specifier)));
  if (!source.startsWith("src/")) return specifier;
  return relativePath(join(DIST, source.replace(/\.ts$/, ".js")), importer);
}

function relativePath(target: string, importer: string): string {
  const path = relative(dirname(importer), target);
  return path.startsWith(".") ? path : `./${path}`;
}
