/** The server of the npm package as a part of other programs, one for each host: packed, installed into an empty folder, run there. */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
// @ts-types="../support/miniflare.d.ts"
import { Log, LogLevel, Miniflare } from "miniflare";
import { bundleWorker, compressedBytes } from "../../build/bundle_worker.ts";
import { createTempFolder } from "../registries/run_program.ts";
import type { TempFolder } from "../registries/run_program.ts";
import { putImage } from "../support/image.ts";
import { spawnGuarded } from "../support/guarded_process.ts";
import { startRegistry } from "../support/registry.ts";
import type { RunningRegistry } from "../support/registry.ts";
import { until } from "../support/until.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Node and Bun of test/run_hosts.sh, before those of the machine. */
const PATH = `${ROOT}.cache/runtimes/node_modules/.bin:${process.env["PATH"]}`;

const TOKEN = "a-token-of-the-caller";

let folder: TempFolder;

before(async () => {
  folder = await createTempFolder("mounted");
  await run(["npm", "pack", "--pack-destination", folder.path], ROOT);
  const tarball = (await readdir(folder.path)).find((name) => name.endsWith(".tgz"));
  assert.ok(tarball, "npm pack made no tarball");
  await writeFile(join(folder.path, "package.json"), '{ "private": true, "type": "module" }');
  await run(["npm", "install", "--no-audit", "--no-fund", `./${tarball}`, "@hono/node-server@2"]);
});

after(async () => await folder[Symbol.asyncDispose]());

/** Runs a program to its end and returns its output. */
async function run(command: readonly string[], cwd = folder.path): Promise<string> {
  const env = { ...process.env as Record<string, string>, PATH, NO_COLOR: "1" };
  const program = spawnGuarded(command, { env, cwd });
  const end = await program.ended;
  const output = `${program.stdout}${program.stderr}`;
  assert.equal(end, 0, `${command.join(" ")} ended with ${end}\n${output}`);
  return program.stdout;
}

/** The part of each program that is the same. */
const APP = `
import { Hono } from "hono";
import { createApp, fromEnv } from "crossdock/server";
const create = (variables) => new Hono()
  .use(async (context, next) => { await next(); context.header("x-outer", "yes"); })
  .get("/", (context) => context.text("own"))
  .route("/mirror", createApp(fromEnv(variables), { write: () => {} }));
`;

const LISTEN: Readonly<Record<"node" | "deno" | "bun", string>> = {
  node: `
import { serve } from "@hono/node-server";
const { fetch } = create(process.env);
serve({ fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => console.log("port " + port));`,
  deno: `
const { fetch } = create(Deno.env.toObject());
Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: ({ port }) => console.log("port " + port) }, fetch);`,
  bun: `
const { fetch } = create(process.env);
console.log("port " + Bun.serve({ port: 0, hostname: "127.0.0.1", fetch }).port);`,
};

const COMMANDS: Readonly<Record<keyof typeof LISTEN, readonly string[]>> = {
  node: ["node"],
  deno: ["deno", "run", "--allow-all", "--no-config", "--node-modules-dir=manual"],
  bun: ["bun", "run"],
};

function variablesFor(
  source: RunningRegistry,
  destination: RunningRegistry,
): Record<string, string> {
  return {
    CROSSDOCK_TOKENS: JSON.stringify({ ci: TOKEN }),
    CROSSDOCK_ALLOW_SOURCES: `${source.host}/**`,
    CROSSDOCK_ALLOW_DESTINATIONS: `${destination.host}/**`,
    CROSSDOCK_ALLOW_PRIVATE: `${source.host} ${destination.host}`,
  };
}

/** Copies an image through the API below `/mirror`. */
async function checkMounted(
  url: string,
  source: RunningRegistry,
  destination: RunningRegistry,
): Promise<void> {
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  assert.equal(await (await fetch(url)).text(), "own");
  assert.deepEqual(await (await fetch(`${url}/mirror/healthz`)).json(), { status: "ok" });
  const response = await fetch(`${url}/mirror/v1/copies`, {
    method: "POST",
    headers: {
      "authorization": `Bearer ${TOKEN}`,
      "content-type": "application/json",
      "accept": "application/json",
    },
    body: JSON.stringify({
      source: `${source.host}/app:1`,
      destination: `${destination.host}/a:1`,
    }),
  });
  const report = await response.json();
  assert.equal(response.status, 200, JSON.stringify(report));
  assert.equal(response.headers.get("x-outer"), "yes");
  assert.equal(report.digest, descriptor.digest);
  assert.equal(destination.getManifest("a", "1")?.digest, descriptor.digest);
  const unknown = await fetch(`${url}/mirror/v1/other`);
  assert.equal(unknown.headers.get("content-type"), "application/problem+json");
  await unknown.body?.cancel();
}

/** Loads the page below `/mirror`, with its script. */
async function checkPage(url: string): Promise<void> {
  const page = await fetch(`${url}/mirror/`);
  const html = await page.text();
  assert.equal(page.status, 200, html);
  const script = /src="(assets\/[^"]+\.js)"/.exec(html)?.[1];
  assert.ok(script, html);
  const response = await fetch(new URL(script, page.url));
  assert.match(response.headers.get("content-type") ?? "", /^text\/javascript/);
  assert.match(await response.text(), /sessionStorage/);
  const docs = await fetch(`${url}/mirror/docs`);
  assert.match(await docs.text(), /href="assets\/docs-[A-Z0-9]{8}\.css"/);
}

for (const host of ["node", "deno", "bun"] as const) {
  test(`crossdock/server is mounted in a hono app on ${host}`, async () => {
    await using source = await startRegistry();
    await using destination = await startRegistry();
    const file = `app-${host}.mjs`;
    await writeFile(join(folder.path, file), APP + LISTEN[host]);
    const env = { ...variablesFor(source, destination), PATH, HOME: process.env["HOME"] ?? "" };
    const program = spawnGuarded([...COMMANDS[host], file], { env, cwd: folder.path });
    try {
      let hasEnded = false;
      void program.ended.then(() => hasEnded = true);
      await until("it listens", () => hasEnded || /^port \d+$/m.test(program.stdout));
      const port = /^port (\d+)$/m.exec(program.stdout)?.[1];
      assert.ok(port, `${program.stdout}${program.stderr}`);
      await checkMounted(`http://127.0.0.1:${port}`, source, destination);
      await checkPage(`http://127.0.0.1:${port}`);
      const withoutSlash = await fetch(`http://127.0.0.1:${port}/mirror`);
      assert.equal(withoutSlash.url, `http://127.0.0.1:${port}/mirror/`);
      await withoutSlash.body?.cancel();
      const document = await fetch(`http://127.0.0.1:${port}/mirror/openapi.json`);
      assert.equal((await document.json()).info.title, "crossdock");
    } finally {
      await program.kill();
    }
  });

  test(`crossdock/server imports without side effects, and crossdock/worker can be imported, on ${host}`, async () => {
    const file = `import-${host}.mjs`;
    // Reading any variable of the environment fails. A timer, a signal handler or a listener would keep the process alive.
    await writeFile(
      join(folder.path, file),
      `
      const read = [];
      const env = new Proxy({}, { get: (_, name) => void read.push(name), ownKeys: () => (read.push("*"), []) });
      if (globalThis.process && !globalThis.Deno) Object.defineProperty(process, "env", { value: env });
      const before = new Set(Object.keys(globalThis));
      const { createApp } = await import("crossdock/server");
      createApp();
      const { default: worker, Internal } = await import("crossdock/worker");
      let message = "";
      try { worker.fetch(); } catch (error) { message = error.message; }
      console.log(JSON.stringify({ read: read.filter((name) => /^(CROSSDOCK_.*|HOST|PORT|[*])$/.test(String(name))), internal: typeof Internal, message, globals: Object.keys(globalThis).filter((name) => !before.has(name)) }));
    `,
    );
    const command = host === "deno"
      ? COMMANDS.deno.filter((flag) => flag !== "--allow-all")
      : COMMANDS[host];
    const flags = host === "deno" ? ["--allow-read=node_modules", "--no-prompt"] : [];
    const result = JSON.parse(await run([...command, ...flags, file]));
    assert.deepEqual(result.read, []);
    assert.equal(result.internal, "function");
    // Deno adds one of its own with the first module of Node.
    assert.deepEqual(result.globals.filter((name: string) => name !== "nodeBootstrap"), []);
    assert.match(result.message, /^crossdock\/worker runs on Cloudflare Workers only/);
  });
}

const WRANGLER = `
name = "own"
main = "MAIN"
compatibility_date = "2026-11-17"
compatibility_flags = ["global_fetch_strictly_public", "no_nodejs_compat"]
minify = true
keep_names = false
send_metrics = false
`;

/** Bundles a Worker in the folder as its author would, and returns its code. */
async function bundleOwn(name: string, code: string): Promise<string> {
  await writeFile(join(folder.path, `${name}.js`), code);
  const config = join(folder.path, `wrangler-${name}.toml`);
  await writeFile(config, WRANGLER.replace("MAIN", `${name}.js`));
  const outdir = join(folder.path, `out-${name}`);
  const wrangler = join(ROOT, "tools/node_modules/wrangler/bin/wrangler.js");
  await run(["node", wrangler, "deploy", "--dry-run", "--config", config, "--outdir", outdir]);
  return await readFile(join(outdir, `${name}.js`), "utf8");
}

function startOwn(
  contents: string,
  variables: Readonly<Record<string, string>>,
  assets?: { readonly directory: string },
): Miniflare {
  const texts = Object.entries(variables).map(([name, value]) => [name, { type: "text", value }]);
  return new Miniflare({
    host: "127.0.0.1",
    log: new Log(LogLevel.ERROR),
    cf: false,
    telemetry: { enabled: false },
    enableDevRegistry: false,
    workers: [{
      config: {
        name: "own",
        compatibilityDate: "2026-11-17",
        compatibilityFlags: ["global_fetch_strictly_public", "no_nodejs_compat"],
        manifest: { mainModule: "worker.js", modules: { "worker.js": { type: "esm", contents } } },
        env: { ...Object.fromEntries(texts), ...(assets ? { ASSETS: { type: "assets" } } : {}) },
        ...(assets
          ? {
            assets: { ...assets, hasUserWorker: true, runWorkerFirst: true, htmlHandling: "none" },
          }
          : {}),
      },
    }],
  });
}

test("crossdock/server is mounted in a hono app on workerd", async () => {
  await using source = await startRegistry();
  await using destination = await startRegistry();
  const contents = await bundleOwn(
    "mounted",
    `${APP}let app; export default { fetch: (request, env, context) => (app ??= create(env)).fetch(request, env, context) };`,
  );
  const miniflare = startOwn(contents, variablesFor(source, destination));
  try {
    const { origin } = await miniflare.ready;
    await checkMounted(origin, source, destination);
  } finally {
    await miniflare.dispose();
  }
});

/** The own code of the Worker below, the difference of two minifications, and what one file of everything has in addition. */
const OWN_GZIP_BYTES = 6 * 1024;

test("a Worker that mounts crossdock/worker is as large as ours and its own code, and serves the page from the package", async () => {
  const ours = compressedBytes(bundleWorker(join(folder.path, "ours")));
  const own = await bundleOwn(
    "worker",
    `
    import { Hono } from "hono";
    import crossdock, { CopyWorkflow, Internal, SyncWorkflow } from "crossdock/worker";
    const app = new Hono()
      .get("/", (context) => context.text("own"))
      .mount("/mirror", (request) => crossdock.fetch(request));
    export { CopyWorkflow, Internal, SyncWorkflow };
    export default { fetch: app.fetch, scheduled: crossdock.scheduled };
  `,
  );
  const size = gzipSync(own).byteLength;
  assert.ok(size < ours + OWN_GZIP_BYTES, `${size} bytes, ours has ${ours}`);
  const directory = join(folder.path, "node_modules/crossdock/dist/page");
  const miniflare = startOwn(own, { CROSSDOCK_OPEN: "true" }, { directory });
  try {
    await checkPage((await miniflare.ready).origin);
  } finally {
    await miniflare.dispose();
  }
});

test("the package's server types hold in a strict TypeScript project", async () => {
  await writeFile(
    join(folder.path, "consumer.ts"),
    `
    import { Hono } from "hono";
    import { createApp, createServer, fromEnv } from "crossdock/server";
    import type { EmbedOptions, ServerSettings } from "crossdock/server";
    const settings: ServerSettings = { tokens: [{ name: "ci", token: "x", scope: "copy" }] };
    const options: EmbedOptions = { background: (job) => void job };
    const app: Hono = createApp({ ...fromEnv({ CROSSDOCK_OPEN: "true" }), ...settings }, options);
    new Hono().route("/mirror", app).mount("/other", app.fetch);
    await createServer(settings).runDueRules({ at: 2, before: 1 });
    // @ts-expect-error -- a list
    createApp({ allowSources: "docker.io/**" });
  `,
  );
  await writeFile(
    join(folder.path, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        strict: true,
        noEmit: true,
        target: "es2024",
        module: "nodenext",
        lib: ["esnext", "dom", "dom.iterable"],
        types: [],
      },
      files: ["consumer.ts"],
    }),
  );
  await run([join(ROOT, "tools/node_modules/.bin/tsc"), "-p", "tsconfig.json"]);
});
