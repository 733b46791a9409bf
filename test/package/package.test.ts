/** The npm package as its users get it: packed, installed into an empty folder, and run there on Node and Bun. */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createTempFolder } from "../registries/run_program.ts";
import type { TempFolder } from "../registries/run_program.ts";
import { putImage, putIndex, putReferrer } from "../support/image.ts";
import { spawnGuarded } from "../support/guarded_process.ts";
import { startRegistry } from "../support/registry.ts";
import { until } from "../support/until.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Node and Bun of test/run_hosts.sh, before those of the machine. */
const PATH = `${ROOT}.cache/runtimes/node_modules/.bin:${process.env["PATH"]}`;

let folder: TempFolder;

before(async () => {
  folder = await createTempFolder("package");
  await run(["npm", "pack", "--pack-destination", folder.path], ROOT);
  const tarball = (await readdir(folder.path)).find((name) => name.endsWith(".tgz"));
  assert.ok(tarball, "npm pack made no tarball");
  await writeFile(join(folder.path, "package.json"), '{ "private": true, "type": "module" }');
  await run(["npm", "install", "--no-audit", "--no-fund", `./${tarball}`]);
});

after(async () => await folder[Symbol.asyncDispose]());

/** Runs a program to its end and gives what it wrote to stdout. */
async function run(command: readonly string[], cwd = folder.path): Promise<string> {
  // The machine's own environment, for what it tells npm.
  const env = { ...process.env as Record<string, string>, PATH, NO_COLOR: "1" };
  const program = spawnGuarded(command, { env, cwd });
  const end = await program.ended;
  assert.equal(
    end,
    0,
    `${command.join(" ")} ended with ${end}\n${program.stdout}${program.stderr}`,
  );
  return program.stdout;
}

/** Writes a module beside the installed package and runs it. */
async function runScript(host: string, code: string): Promise<string> {
  const name = `script-${host}.mjs`;
  await writeFile(join(folder.path, name), code);
  return (await run([host, name])).trim();
}

test("npx crossdock copies an image on Node", async () => {
  await using source = await startRegistry();
  await using destination = await startRegistry();
  const { descriptor } = await putIndex(source, "app", {
    tag: "1",
    platforms: ["linux/amd64", "linux/arm64"],
  });
  await putReferrer(source, "app", descriptor, { artifactType: "x/sbom", payload: "{}" });
  const names = [`docker://${source.host}/app:1`, `docker://${destination.host}/app:1`];
  const report = JSON.parse(
    await run(["node", "node_modules/.bin/crossdock", "copy", ...names, "--json"]),
  );
  assert.equal(report.digest, descriptor.digest);
  assert.deepEqual(destination.getManifest("app", "1"), source.getManifest("app", "1"));
  assert.deepEqual(destination.blobs("app").sort(), source.blobs("app").sort());
});

for (const host of ["node", "bun"]) {
  test(`crossdock copies as a library on ${host}, with that host's runtime`, async () => {
    await using source = await startRegistry();
    await using destination = await startRegistry();
    const { descriptor } = await putIndex(source, "app", { tag: "1", platforms: ["linux/amd64"] });
    const said = await runScript(
      host,
      `
      import { createEngine } from "crossdock";
      import { createRuntime } from "crossdock/runtime";
      const runtime = await createRuntime();
      const report = await createEngine({ runtime })
        .copy({ source: "${source.host}/app:1", destination: "${destination.host}/app" });
      console.log(JSON.stringify({ host: runtime.name, digest: report.digest }));
      process.exit(0);
    `,
    );
    assert.deepEqual(JSON.parse(said), { host, digest: descriptor.digest });
    assert.equal(destination.getManifest("app", "1")?.digest, descriptor.digest);
  });

  test(`crossdock/layouts copies into a folder and back on ${host}`, async () => {
    await using registry = await startRegistry();
    const { descriptor } = await putIndex(registry, "app", {
      tag: "1",
      platforms: ["linux/arm64"],
    });
    const said = await runScript(
      host,
      `
      import { createEngine } from "crossdock";
      import { openLayouts } from "crossdock/layouts";
      import { createRuntime } from "crossdock/runtime";
      const layouts = openLayouts();
      const engine = createEngine({ runtime: await createRuntime(), layouts });
      await engine.copy({ source: "${registry.host}/app:1", destination: "oci:layout-${host}:1" });
      await engine.copy({ source: "oci:layout-${host}", destination: "${registry.host}/back:1" });
      await layouts.close();
      process.exit(0);
    `,
    );
    assert.equal(said, "");
    assert.equal(registry.getManifest("back", "1")?.digest, descriptor.digest);
  });

  test(`crossdock/runtime is the ${host} runtime's own file on ${host}`, async () => {
    const url = await runScript(host, `console.log(import.meta.resolve("crossdock/runtime"));`);
    assert.match(url, new RegExp(`/dist/src/hosts/${host}\\.js$`));
  });
}

const SERVER_COMMANDS = [["crossdock-server"], ["crossdock", "serve"]];

for (const [program = "", ...argv] of SERVER_COMMANDS) {
  test(`${[program, ...argv].join(" ")} serves on Node`, async () => {
    const env = { PATH, HOST: "127.0.0.1", PORT: "0", CROSSDOCK_OPEN: "true" };
    const server = spawnGuarded(["node", `node_modules/.bin/${program}`, ...argv], {
      env,
      cwd: folder.path,
    });
    try {
      let port: string | undefined;
      for (;;) {
        port = /"message":"listening".*"port":(\d+)/.exec(server.stdout)?.[1];
        if (port !== undefined) break;
        const end = await Promise.race([server.ended, new Promise((go) => setTimeout(go, 10))]);
        assert.equal(end, undefined, server.stderr);
      }
      const response = await fetch(`http://127.0.0.1:${port}/healthz`);
      assert.deepEqual(await response.json(), { status: "ok" });
    } finally {
      await server.kill();
    }
  });
}

test("crossdock-server --help ends on Node", async () => {
  assert.match(
    await run(["node", "node_modules/.bin/crossdock-server", "--help"]),
    /^Usage: crossdock-server /,
  );
});

test("the package installs no packages that are bundled into its programs", async () => {
  const installed = await readdir(join(folder.path, "node_modules"));
  assert.ok(installed.includes("zod"), "the library needs zod");
  const bundled = ["commander", "@hono", "prom-client", "rate-limiter-flexible"];
  assert.deepEqual(bundled.filter((name) => installed.includes(name)), []);
});

/** Writes the sizes of the files of the package that a program on Node loads to loaded.json. */
const LIST_LOADED = `
  import { statSync, writeFileSync } from "node:fs";
  import { registerHooks } from "node:module";
  const sizes = {};
  registerHooks({
    load(url, context, next) {
      if (url.includes("/dist/bin/")) sizes[url] = statSync(new URL(url)).size;
      return next(url, context);
    },
  });
  process.on("exit", () => writeFileSync("loaded.json", JSON.stringify(Object.values(sizes))));
`;

async function loadedBy(...argv: string[]): Promise<{ files: number; bytes: number }> {
  await writeFile(join(folder.path, "list_loaded.mjs"), LIST_LOADED);
  await run(["node", "--import", "./list_loaded.mjs", "node_modules/.bin/crossdock", ...argv]);
  const sizes: number[] = JSON.parse(await readFile(join(folder.path, "loaded.json"), "utf8"));
  return { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

test("crossdock --version loads at most 20 files with 100 kB, crossdock copy 90 with 600 kB", async () => {
  await using source = await startRegistry();
  await using destination = await startRegistry();
  await putImage(source, "app", { tag: "1", layerBytes: 300_000 });
  const version = await loadedBy("--version");
  assert.ok(version.files > 1 && version.files <= 20, `${version.files} files`);
  assert.ok(version.bytes <= 100_000, `${version.bytes} bytes`);
  const copy = await loadedBy("copy", `${source.host}/app:1`, `${destination.host}/app:1`);
  assert.ok(copy.files <= 90, `${copy.files} files`);
  assert.ok(copy.bytes <= 600_000, `${copy.bytes} bytes`);
});

test("the package's types hold in a strict TypeScript project", async () => {
  await writeFile(
    join(folder.path, "consumer.ts"),
    `
    import { createEngine, type Report } from "crossdock";
    import { createRuntime } from "crossdock/runtime";
    import { createClient } from "crossdock/client";
    import { openLayouts } from "crossdock/layouts";
    const layouts = openLayouts({ compress: "none" });
    const engine = createEngine({ runtime: await createRuntime(), layouts });
    const report: Report = await engine.copy({ source: "alpine:3.20", destination: "b.io/alpine" });
    const client = createClient("https://crossdock.example.com", { token: "secret" });
    const answer = await client.v1.tags.$get({ query: { repository: "b.io/alpine" } });
    if (answer.status === 200) { const tags: string[] = (await answer.json()).tags; tags.push(report.digest); }
    // @ts-expect-error -- a copy has a destination
    await engine.copy({ source: "alpine:3.20" });
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

for (const host of ["node", "bun"]) {
  test(`crossdock-server serves the page on ${host}`, async () => {
    const env = {
      ...process.env as Record<string, string>,
      PATH,
      PORT: "0",
      CROSSDOCK_OPEN: "true",
    };
    const program = spawnGuarded([host, "node_modules/crossdock/dist/bin/crossdock-server.js"], {
      env,
      cwd: folder.path,
    });
    try {
      let hasEnded = false;
      void program.ended.then(() => hasEnded = true);
      await until("it listens", () => hasEnded || /"listening"/.test(program.stdout));
      const port = /"port":(\d+)/.exec(program.stdout)?.[1];
      const page = await fetch(`http://127.0.0.1:${port}/`);
      const html = await page.text();
      assert.equal(page.status, 200, html);
      const [script] = /assets\/page-\w+\.js/.exec(html) ?? [];
      assert.ok(script, html);
      assert.match(await (await fetch(new URL(script, page.url))).text(), /sessionStorage/);
    } finally {
      await program.kill();
    }
  });
}
