/**
 * Bundles the programs of the npm package into dist/bin, with the packages that only they need. Modules that are loaded on use get
 * files of their own: one file for everything starts twice as slowly, because the host parses all of it.
 */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildOptions } from "esbuild";
import { build } from "esbuild";
import { slimRe2js, slimYaml, slimZod } from "./slim_packages.ts";
import { readSources, withoutDescriptions, withoutUnusedMethods } from "./slim_schemas.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** CommonJS packages call `require` for the modules of the host, by a function of esbuild that is in one of the files. */
const REQUIRE =
  'import { createRequire as createBundleRequire } from "node:module"; const require = createBundleRequire(import.meta.url);';

/** The folder of the package that a file belongs to. */
const PACKAGE = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/;

const outdir = join(ROOT, "dist/bin");
rmSync(outdir, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: ROOT,
  entryPoints: [
    { in: "src/cli/main.ts", out: "crossdock" },
    { in: "src/entries/serve.ts", out: "crossdock-server" },
  ],
  outdir,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node22",
  charset: "utf8",
  // Identifiers stay, for stacks that can be read.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: "none",
  metafile: true,
  plugins: [slimZod, withoutDescriptions, withoutUnusedMethods(readSources())],
});

for (const output of Object.keys(metafile.outputs)) {
  const code = readFileSync(join(ROOT, output), "utf8");
  if (code.includes("typeof require")) writeFileSync(join(ROOT, output), `${REQUIRE}${code}`);
}

writeFileSync(join(outdir, "LICENSES.txt"), listLicenses(Object.keys(metafile.inputs)));

// The library has zod, yaml and re2js as files of its own, with nothing that it does not use. So a Worker that bundles the library is not
// larger than ours. build/map_imports.ts lets the modules import these files.
const library = join(ROOT, "dist/src");
const texts = readdirSync(library, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".js"))
  .map((name) => readFileSync(join(library, name), "utf8"));

await bundlePackage("zod", texts.flatMap((text) => text.match(/(?<=\bz\.)\w+/g) ?? []), {
  plugins: [slimZod, withoutUnusedMethods(readSources())],
  // All copies of zod in a program share their settings and their named schemas by globals. This one has its own.
  define: { globalThis: "zodGlobals" },
  banner: { js: "const zodGlobals = {};" },
});
await bundlePackage("yaml", texts.flatMap(listYamlImports), { plugins: [slimYaml] });
await bundlePackage("re2js", ["RE2JS"], { plugins: [slimRe2js] });

// The static assets for a Worker of others.
cpSync(join(ROOT, ".cache/page"), join(ROOT, "dist/page"), { recursive: true });

/** Bundles the named exports of a package into a file in dist/, with its license. */
async function bundlePackage(
  name: string,
  exports: readonly string[],
  options: BuildOptions,
): Promise<void> {
  const names = [...new Set(exports)].sort().join(", ");
  const { metafile } = await build({
    absWorkingDir: ROOT,
    stdin: { contents: `export { ${names} } from "${name}";`, resolveDir: ROOT },
    outfile: join(ROOT, `dist/${name}.js`),
    bundle: true,
    format: "esm",
    target: "es2024",
    charset: "utf8",
    minifySyntax: true,
    legalComments: "none",
    ...options,
    metafile: true,
  });
  const licenses = listLicenses(Object.keys(metafile.inputs));
  writeFileSync(join(ROOT, `dist/${name}.LICENSE.txt`), licenses);
}

function listYamlImports(text: string): string[] {
  const [, names = ""] = /^import \{([^}]*)\} from "(?:\.\.?\/)+yaml\.js";/m.exec(text) ?? [];
  return names.match(/\w+/g) ?? [];
}

/** The licenses of the bundled packages, which require that their text is distributed with the code. */
function listLicenses(inputs: readonly string[]): string {
  const packages = new Set(inputs.flatMap((path) => PACKAGE.exec(path)?.[0] ?? []));
  return [...packages].sort().map((path) => {
    const file = readdirSync(join(ROOT, path)).find((name) => /^licen[cs]e/i.test(name));
    const text = file ? readFileSync(join(ROOT, path, file), "utf8").trim() : readLicense(path);
    return `${path.replace(/^.*node_modules\//, "")}\n\n${text}\n`;
  }).join(`\n${"-".repeat(80)}\n\n`);
}

function readLicense(path: string): string {
  return JSON.parse(readFileSync(join(ROOT, path, "package.json"), "utf8")).license;
}
