import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SRC = join(ROOT, "src");

/**
 * The parts of `src/` right below each part. A part may import those, and everything that those may import.
 * docs/adr/0002-layers.md.
 */
const BENEATH: Readonly<Record<string, readonly string[]>> = {
  abortable: [],
  errors: [],
  trace: [],
  redact_urls: [],
  suggest: [],
  schema: [],
  version: [],
  state_store: [],
  retry: ["errors"],
  byte_budget: ["errors"],
  oci: ["errors", "schema"],
  streams: ["errors"],
  template: ["errors", "oci", "suggest"],
  runtime: ["streams"],
  content: ["oci", "streams", "byte_budget"],
  auth: ["oci", "streams", "runtime"],
  registry: ["abortable", "retry", "trace", "runtime", "content", "auth"],
  copy: ["abortable", "retry", "runtime", "content"],
  admission: ["copy"],
  receipts: ["admission", "auth", "version"],
  layouts: ["content"],
  problem: ["copy"],
  problem_schema: ["problem"],
  log: ["redact_urls"],
  sides: ["registry", "copy"],
  copier: ["sides"],
  engine: ["copier"],
  credentials: ["registry"],
  library: ["config", "hosts"],
  mod: ["library"],
  sync: ["abortable", "engine", "template", "state_store"],
  stream_events: ["problem_schema", "sync"],
  durable: ["engine", "problem_schema"],
  budget: ["durable"],
  webhooks: ["sync", "durable", "log"],
  history: ["sync", "durable", "log"],
  config: ["webhooks", "receipts"],
  rules: ["config", "history"],
  server: ["rules", "stream_events", "version", "budget"],
  client: ["server"],
  cli: ["client", "layouts", "credentials"],
  hosts: ["credentials", "layouts", "sides", "state_store", "config"],
  entries: ["hosts", "server"],
};

function mayImport(part: string, other: string, seen = new Set<string>()): boolean {
  if (seen.has(part)) return false;
  seen.add(part);
  return (BENEATH[part] ?? []).some((below) => below === other || mayImport(below, other, seen));
}

/** The entry of the command line picks its host and starts the server: it alone may import `hosts/` and `entries/`. */
const ENTRY = "cli/main.ts";

/** Where each package may be imported. A package that is not listed may not be imported. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "@std/streams": [
    "streams/",
    "auth/",
    "registry/",
    "copy/",
    "webhooks/incoming/",
    "durable/",
    "client/",
  ],
  "zod": [
    "schema.ts",
    "oci/descriptor.ts",
    "oci/digest.ts",
    "oci/platform.ts",
    "auth/",
    "registry/",
    "copy/admission_schema.ts",
    "copy/schemas.ts",
    "copy/request.ts",
    "copy/step.ts",
    "layouts/",
    "receipts/",
    "problem_schema.ts",
    "sync/rule_steps.ts",
    "sync/rule_state.ts",
    "stream_events.ts",
    "sync/schemas.ts",
    "durable/",
    "budget/schemas.ts",
    "webhooks/incoming/",
    "config/",
    "history/",
    "rules/",
    "server/",
    "client/",
    "cli/import/",
  ],
  "yaml": ["config/", "cli/import/", "cli/init/"],
  "re2js": ["sync/pattern.ts"],
  "croner": ["sync/"],
  "aws4fetch": ["auth/sign_aws_request.ts"],
  "jose": ["auth/sign_assertion.ts", "webhooks/incoming/"],
  "hono": ["server/", "client/client.ts", "entries/"],
  "@hono/node-server": ["entries/"],
  "picomatch": ["server/allow_list.ts"],
  "ipaddr.js": ["server/guard.ts", "server/private_hosts.ts", "hosts/proxy.ts"],
  "@opentelemetry/api": ["server/tracing.ts"],
  "prom-client": ["server/metrics.ts"],
  "rate-limiter-flexible": ["entries/long_running.ts"],
  "commander": ["cli/"],
  "@commander-js/extra-typings": ["cli/"],
  "modern-tar": ["layouts/"],
  "@sigstore/bundle": ["admission/verify.ts"],
  "@sigstore/core": ["admission/verify.ts"],
  "@sigstore/protobuf-specs": ["admission/verify.ts"],
  "@sigstore/verify": ["admission/verify.ts"],
};

interface Import {
  readonly file: string;
  readonly specifier: string;
  /** `import type` and `export type` are erased when the code is built. */
  readonly isType: boolean;
  /** `import("x")` */
  readonly isLazy: boolean;
}

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => path.endsWith(".ts"));

/** `import … from "x"`, `export … from "x"`, `import "x"` and `import("x")`. */
const IMPORT =
  /^(?:import|export)\s[^;"'=]*?from\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm;

const imports: readonly Import[] = files.flatMap((file) =>
  [...read(file).matchAll(IMPORT)]
    .map(([statement, from, bare, lazy]) => ({
      file,
      specifier: from ?? bare ?? lazy ?? "",
      isType: /^(import|export) type\b/.test(statement),
      isLazy: lazy !== undefined,
    }))
);

function read(file: string): string {
  return readFileSync(join(SRC, file), "utf8");
}

function partOf(file: string): string {
  return file.split("/")[0]?.replace(/\.ts$/, "") ?? "";
}

test("this test reads all of src/", () => {
  assert.ok(files.length > 60, `${files.length} files`);
  assert.ok(imports.length > files.length, `${imports.length} imports`);
  for (const file of files) assert.ok(BENEATH[partOf(file)], `${file} has no layer`);
});

test("imports point down only", () => {
  const wrong = imports
    .filter(({ specifier }) => specifier.startsWith("."))
    .map(({ file, specifier }) => ({ file, target: join(dirname(file), specifier) }))
    .filter(({ file, target }) => {
      if (target.startsWith("..")) return target !== "../package.json";
      if (file === ENTRY && ["hosts", "entries"].includes(partOf(target))) return false;
      return partOf(target) !== partOf(file) && !mayImport(partOf(file), partOf(target));
    });
  assert.deepEqual(wrong, []);
});

test("no file imports itself through others, type imports included", () => {
  assert.deepEqual(findCircles(), []);
});

/** The circles of imports, each as a list of its files. Tarjan's algorithm. */
function findCircles(): string[][] {
  const next = new Map<string, string[]>(files.map((file) => [file, []]));
  for (const { file, specifier } of imports) {
    if (specifier.startsWith(".")) next.get(file)?.push(join(dirname(file), specifier));
  }
  const order = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  function visit(file: string): number {
    const index = order.size;
    order.set(file, index);
    open.push(file);
    let least = index;
    for (const other of next.get(file) ?? []) {
      if (!next.has(other)) continue;
      if (!order.has(other)) least = Math.min(least, visit(other));
      else if (open.includes(other)) least = Math.min(least, order.get(other) ?? least);
    }
    if (least === index) {
      const circle = open.splice(open.lastIndexOf(file));
      if (circle.length > 1 || next.get(file)?.includes(file)) circles.push(circle.sort());
    }
    return least;
  }
  for (const file of files) if (!order.has(file)) visit(file);
  return circles;
}

test("only hosts/, credentials/, layouts/, cli/ and entries/ use node: and Deno", () => {
  const local = ["hosts", "credentials", "layouts", "cli", "entries"];
  const core = files.filter((file) => !local.includes(partOf(file)));
  const wrong = core.filter((file) =>
    /"node:|\bDeno\.|\bBun\.|"cloudflare:/.test(withoutComments(read(file)))
  );
  assert.deepEqual(wrong, []);
});

test("packages are imported only where they belong", () => {
  const wrong = imports.filter(({ file, specifier }) => {
    if (/^(\.|#|node:|cloudflare:)/.test(specifier)) return false;
    const name = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? "";
    return !PACKAGES[name]?.some((place) => file.startsWith(place));
  });
  assert.deepEqual(wrong, []);
});

test("helpers of @std/streams are imported by that name only", () => {
  const { exports } = JSON.parse(read("streams/package.json"));
  const ours = Object.values<string>(exports).map((path) => join("streams", path));
  assert.ok(ours.length > 0 && ours.every((file) => files.includes(file)), `${ours}`);
  const byPath = imports.filter(({ file, specifier }) =>
    specifier.startsWith(".") && ours.includes(join(dirname(file), specifier))
  );
  assert.deepEqual(byPath, []);
  const imported = imports.map(({ specifier }) => specifier)
    .filter((specifier) => specifier.startsWith("@std/streams/"))
    .map((specifier) => specifier.replace("@std/streams", "."));
  assert.deepEqual([...new Set(imported)].sort(), Object.keys(exports).sort());
});

test("layouts/ is imported only by the command line and the library's hosts, when a name needs it", () => {
  const others = imports.filter(({ file, specifier }) =>
    specifier.startsWith(".") && partOf(file) !== "layouts" &&
    partOf(join(dirname(file), specifier)) === "layouts"
  );
  const files = others.map(({ file, isType }) => isType ? "" : file).filter(Boolean);
  assert.deepEqual(files.sort(), ["cli/main.ts", "hosts/local_defaults.ts"]);
  for (const file of files) assert.match(read(file), /await import\("\.\.\/layouts\/mod\.ts"\)/);
});

/** A Worker cannot use these packages, so the code that all hosts share must not import them. */
const LONG_RUNNING_ONLY = ["prom-client", "rate-limiter-flexible"];

test("code that all hosts share imports no package that counts in memory", () => {
  const shared = new Set(["server/compose.ts"]);
  for (const file of shared) {
    for (const { specifier } of imports.filter((found) => found.file === file)) {
      if (specifier.startsWith(".")) shared.add(join(dirname(file), specifier));
      assert.ok(!LONG_RUNNING_ONLY.includes(specifier), `${file} imports ${specifier}`);
    }
  }
  assert.ok(shared.has("engine.ts"), "compose.ts leads to the engine");
});

/** The packages in the files that load together with these. */
function packagesWith(...entries: string[]): string[] {
  const reached = new Set(entries);
  const packages = new Set<string>();
  for (const file of reached) {
    const loaded = imports.filter((found) => found.file === file && !found.isType && !found.isLazy);
    for (const { specifier } of loaded) {
      if (specifier.startsWith(".")) reached.add(join(dirname(file), specifier));
      else if (!specifier.startsWith("node:")) packages.add(specifier);
    }
  }
  return [...packages].sort();
}

test("a copy loads no packages but zod and those of the command line", () => {
  const commander = "@commander-js/extra-typings";
  assert.deepEqual(packagesWith("cli/main.ts"), [commander]);
  const std = ["limited-bytes-transform-stream", "to-bytes", "to-text"];
  const hosts = ["hosts/deno.ts", "hosts/node.ts", "hosts/bun.ts"];
  assert.deepEqual(
    packagesWith("cli/main.ts", "cli/commands/copy.ts", "sync/sync_engine.ts", ...hosts),
    [commander, ...std.map((name) => `@std/streams/${name}`), "ipaddr.js", "zod"],
  );
});

test("client/ imports only types of the server", () => {
  const reached = new Set(["client/mod.ts"]);
  const hono = new Set<string>();
  for (const file of reached) {
    for (const { specifier } of imports.filter((found) => found.file === file && !found.isType)) {
      if (specifier.startsWith(".")) reached.add(join(dirname(file), specifier));
      if (specifier.startsWith("hono")) hono.add(specifier);
    }
  }
  assert.ok(reached.has("copy/schemas.ts"), "client/ checks answers with the schemas of copy/");
  assert.deepEqual([...reached].filter((file) => partOf(file) === "server"), []);
  assert.deepEqual([...hono], ["hono/client"]);
});

test("mod.ts and client/mod.ts are the only barrels", () => {
  const barrels = files.filter((file) => {
    const code = withoutComments(read(file)).trim();
    return code !== "" && code.replace(/export (type )?\{[^}]*\} from "[^"]+";/g, "").trim() === "";
  });
  assert.deepEqual(barrels.sort(), ["client/mod.ts", "mod.ts"]);
});

/**
 * Hosts resolve a name such as `crossdock/runtime` or `#defaults` to different files, which export the same names. By file, the
 * name.
 */
const { exports, imports: names } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const HOST_FILES = new Map(
  Object.entries<string | Record<string, string>>({ ...names, ...exports }).flatMap((
    [name, paths],
  ) =>
    Object.values(paths).map((path) =>
      [/^\.\/(?:dist\/)?src\/(.*?)\.(?:d\.ts|js|ts)$/.exec(path)?.[1], name] as const
    )
  ),
);

test("only the library imports the defaults of a host, when a function is called", () => {
  const users = imports.filter(({ specifier }) => specifier.startsWith("#"));
  assert.deepEqual(users.map(({ file }) => file), ["library/default_engine.ts"]);
  assert.match(read("library/default_engine.ts"), /import\("#defaults"\)/);
  const { imports: sources } = JSON.parse(read("package.json"));
  const built = JSON.stringify(sources).replaceAll('"./', '"./dist/src/').replaceAll(".ts", ".js");
  assert.deepEqual(names, JSON.parse(built));
  const { imports: mapped } = JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8"));
  assert.deepEqual(mapped, { "#defaults": "./src/hosts/local_defaults.ts" });
});

test("no exported name means two things", () => {
  const places = new Map<string, Set<string>>();
  for (const file of files) {
    const module = HOST_FILES.get(file.replace(/\.ts$/, "")) ?? file;
    const names = read(file).matchAll(
      /^export (?:async )?(?:function\*?|class|abstract class|interface|type|const) (\w+)/gm,
    );
    for (const [, name = ""] of names) {
      places.set(name, (places.get(name) ?? new Set()).add(module));
    }
  }
  assert.ok(places.size > 300, `${places.size} names`);
  const twice = [...places].filter(([, found]) => found.size > 1)
    .map(([name, found]) => [name, ...found]);
  assert.deepEqual(twice, []);
});

/** Folders of `test/` whose tests cover more than one source file. docs/testing.md lists what each holds. */
const SPECIAL_FOLDERS = [
  "browser",
  "docs",
  "e2e",
  "examples",
  "faults",
  "github",
  "handler",
  "layouts_judges",
  "package",
  "registries",
  "workers",
];

test("each unit test mirrors the path of its source file", () => {
  const tests = readdirSync(join(ROOT, "test"), { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".test.ts") && !path.startsWith("node_modules/"))
    .filter((path) => !SPECIAL_FOLDERS.includes(path.split("/")[0] ?? ""));
  assert.ok(tests.length > 150, `${tests.length} tests`);
  const wrong = tests.filter((path) => path !== "architecture.test.ts" && !hasSource(path));
  assert.deepEqual(wrong, []);
});

/** `a/b.test.ts` tests `src/a/b.ts`. `a/b/c.test.ts` tests one behaviour of it. `build/` and test helpers have tests too. */
function hasSource(test: string): boolean {
  const path = test.replace(/\.test\.ts$/, "");
  return [`src/${path}.ts`, `src/${dirname(path)}.ts`, `${path}.ts`, `test/${path}.ts`]
    .some((file) => existsSync(join(ROOT, file)));
}

test("everything is parsed by the functions of schema.ts, which have our messages", () => {
  const wrong = files.filter((file) => file !== "schema.ts")
    .filter((file) => /\.safeParse(Async)?\(/.test(withoutComments(read(file))));
  assert.deepEqual(wrong, []);
});

function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}
