import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const SRC = fileURLToPath(new URL("../src", import.meta.url));

/** What each part of `src/` may import, besides itself: docs/adr/0002-layers.md. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  retry: ["errors"],
  oci: ["errors"],
  streams: ["errors"],
  runtime: ["streams"],
  content: ["oci", "streams"],
  auth: ["errors", "oci", "streams"],
  registry: ["errors", "retry", "oci", "streams", "runtime", "content", "auth"],
  events: ["errors", "copy"],
  copy: ["errors", "retry", "oci", "streams", "runtime", "content", "events"],
  engine: ["errors", "oci", "streams", "runtime", "content", "events", "auth", "registry", "copy"],
  mod: [
    "errors",
    "oci",
    "streams",
    "runtime",
    "content",
    "events",
    "auth",
    "registry",
    "copy",
    "engine",
  ],
  hosts: ["errors", "streams", "runtime"],
  cli: ["errors", "oci", "streams", "runtime", "events", "auth", "registry", "copy", "engine"],
};

/** The entry of the program picks the host it runs on. */
const ENTRY = "cli/main.ts";

/** Where each package may be imported, files or parts of `src/`; those that are not named belong to the CLI. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  zod: ["copy/request.ts", "copy/schema.ts", "copy/step.ts"],
  aws4fetch: ["auth/ecr_api.ts"],
  jose: ["auth/acr.ts", "auth/artifact_registry.ts"],
};

interface Import {
  readonly file: string;
  readonly specifier: string;
}

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => path.endsWith(".ts"));

/** `import … from "x"`, `export … from "x"`, `import "x"` and `import("x")`. */
const IMPORT =
  /^(?:import|export)\s[^;"'=]*?from\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm;

const imports: readonly Import[] = files.flatMap((file) =>
  [...read(file).matchAll(IMPORT)]
    .map(([, from, bare, lazy]) => ({ file, specifier: from ?? bare ?? lazy ?? "" }))
);

function read(file: string): string {
  return readFileSync(join(SRC, file), "utf8");
}

function partOf(file: string): string {
  return file.split("/")[0]?.replace(/\.ts$/, "") ?? "";
}

test("src/ is read whole", () => {
  assert.ok(files.length > 60, `${files.length} files`);
  assert.ok(imports.length > files.length, `${imports.length} imports`);
  for (const file of files) assert.ok(MAY_IMPORT[partOf(file)], `${file} has no layer`);
});

test("imports point down only", () => {
  const wrong = imports
    .filter(({ specifier }) => specifier.startsWith("."))
    .map(({ file, specifier }) => ({ file, target: join(dirname(file), specifier) }))
    .filter(({ file, target }) => {
      if (target.startsWith("..")) return target !== "../package.json";
      if (file === ENTRY && partOf(target) === "hosts") return false;
      return partOf(target) !== partOf(file) && !MAY_IMPORT[partOf(file)]?.includes(partOf(target));
    });
  assert.deepEqual(wrong, []);
});

test("node: and Deno stand in hosts/ and cli/ alone", () => {
  const core = files.filter((file) => !["hosts", "cli"].includes(partOf(file)));
  const wrong = core.filter((file) =>
    /"node:|\bDeno\.|\bBun\.|"cloudflare:/.test(withoutComments(read(file)))
  );
  assert.deepEqual(wrong, []);
});

test("packages are imported only where they belong", () => {
  const wrong = imports.filter(({ file, specifier }) => {
    if (specifier.startsWith(".") || specifier.startsWith("node:")) return false;
    const places = PACKAGES[specifier] ?? ["cli"];
    return !places.includes(file) && !places.includes(partOf(file));
  });
  assert.deepEqual(wrong, []);
});

test("mod.ts is the only barrel", () => {
  const barrels = files.filter((file) => {
    const code = withoutComments(read(file)).trim();
    return code !== "" && code.replace(/export (type )?\{[^}]*\} from "[^"]+";/g, "").trim() === "";
  });
  assert.deepEqual(barrels, ["mod.ts"]);
});

function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}
