/** The library in the npm package: programs on Node, Bun and Deno, a strict TypeScript project, and a bundle for Workers. */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { createTempFolder } from "../registries/run_program.ts";
import type { TempFolder } from "../registries/run_program.ts";
import { spawnGuarded } from "../support/guarded_process.ts";
import { putIndex } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Node and Bun of test/run_hosts.sh, before those of the machine. */
const PATH = `${ROOT}.cache/runtimes/node_modules/.bin:${process.env["PATH"]}`;

const HOSTS = [["node"], ["bun"], [process.execPath, "run", "--allow-all", "--quiet"]] as const;

let folder: TempFolder;

before(async () => {
  folder = await createTempFolder("library");
  await run(["npm", "pack", "--pack-destination", folder.path], ROOT);
  const tarball = (await readdir(folder.path)).find((name) => name.endsWith(".tgz"));
  assert.ok(tarball, "npm pack made no tarball");
  await writeFile(join(folder.path, "package.json"), '{ "private": true, "type": "module" }');
  await run(["npm", "install", "--no-audit", "--no-fund", `./${tarball}`]);
});

after(async () => await folder[Symbol.asyncDispose]());

/** Runs a program in the folder of the installed package, and returns what it prints. */
async function run(command: readonly string[], cwd = folder.path): Promise<string> {
  const env = {
    ...process.env as Record<string, string>,
    PATH,
    NO_COLOR: "1",
    DOCKER_CONFIG: folder.path,
  };
  const program = spawnGuarded(command, { env, cwd });
  const end = await program.ended;
  assert.equal(end, 0, `${command.join(" ")}: ${end}\n${program.stdout}${program.stderr}`);
  return program.stdout.trim();
}

async function runModule(command: readonly string[], code: string): Promise<string> {
  await writeFile(join(folder.path, "program.mjs"), code);
  return await run([...command, "program.mjs"]);
}

for (const command of HOSTS) {
  const host = command.length > 1 ? "deno" : command[0];

  test(`a program on ${host} copies with stored credentials, opens a folder and runs rules`, async () => {
    const auth = { type: "basic", users: { me: "secret" } } as const;
    await using source = await startRegistry();
    await using destination = await startRegistry({ auth });
    const { descriptor } = await putIndex(source, "app", { tag: "1", platforms: ["linux/amd64"] });
    const auths = { [destination.host]: { auth: btoa("me:secret") } };
    await writeFile(join(folder.path, "config.json"), JSON.stringify({ auths }));
    const printed = await runModule(
      command,
      `
      import process from "node:process";
      import { copy, tags } from "crossdock";
      import { loadRules } from "crossdock/sync";
      const { digest } = await copy("${source.host}/app:1", "${destination.host}/a");
      await copy("${source.host}/app:1", "oci:./images-${host}:1");
      await copy("oci:./images-${host}:1", "${destination.host}/b");
      const sync = [{ source: "${source.host}/app", target: "${destination.host}/c", type: "repository" }];
      const { result } = await (await loadRules({ version: 1, sync })).run();
      const pages = await Array.fromAsync(tags("${destination.host}/c"));
      process.stdout.write([digest, result, ...pages.flat()].join(" "), () => process.exit());
    `,
    );
    assert.equal(printed, `${descriptor.digest} ok 1`);
    for (const name of ["a", "b", "c"]) {
      assert.equal(destination.getManifest(name, "1")?.digest, descriptor.digest, name);
    }
  });

  test(`a program on ${host} that only imports the library ends`, async () => {
    const names = ["crossdock", "crossdock/sync", "crossdock/credentials", "crossdock/client"];
    const imports = names.map((name) => `import "${name}";`).join("\n");
    assert.equal(await runModule(command, imports), "");
  });
}

test("the library's types hold in a strict TypeScript project, with those of its packages", async () => {
  await writeFile(
    join(folder.path, "consumer.ts"),
    `
    import { copy, CrossdockError, inspect, plan, tags, verify } from "crossdock";
    import type { CopyEvent, ErrorCode, Plan, Report, Verification } from "crossdock";
    import { dockerCredentials } from "crossdock/credentials";
    import { loadRules, SyncConfigError } from "crossdock/sync";
    import type { LoadedRules, SyncReport } from "crossdock/sync";

    const events: CopyEvent[] = [];
    const platforms: readonly string[] = ["linux/amd64"];
    const report: Report = await copy("alpine:3.20", "b.example/alpine", {
      platforms,
      source: { credentials: "none" },
      destination: { credentials: dockerCredentials(), tls: "unverified" },
      signal: AbortSignal.timeout(1000),
      emit: (event) => events.push(event),
      onWarning: (message) => message.toUpperCase(),
    });
    const made: Plan = await plan({ source: "alpine", destination: "b.example/alpine" }, { survey: false });
    const compared: Verification = await verify("alpine", "b.example/alpine");
    const page: string[] | undefined = (await Array.fromAsync(tags("alpine")))[0];
    const kind: "image" | "index" | "artifact" = (await inspect("alpine")).root.kind;
    try {
      const mirror: LoadedRules = await loadRules("version: 1");
      const done: SyncReport = await mirror.run({ dryRun: true });
      const next: Date | undefined = mirror.nextRun(done.rules[0]?.rule ?? "");
      void next;
    } catch (error) {
      const code: ErrorCode | undefined = error instanceof CrossdockError ? error.code : undefined;
      void [code, error instanceof SyncConfigError && error.mistakes[0]?.line];
    }
    void [report.digest, made.totals?.bytes.stream, compared.equal, page, kind];
    // @ts-expect-error -- a copy has a destination
    await copy("alpine:3.20");
    // @ts-expect-error -- verify has no such option
    await verify("alpine", "b.example/alpine", { ifExists: "skip" });
  `,
  );
  const compilerOptions = {
    strict: true,
    noEmit: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    target: "es2024",
    module: "nodenext",
    lib: ["esnext", "dom", "dom.iterable", "dom.asynciterable"],
    types: [],
  };
  await writeFile(
    join(folder.path, "tsconfig.json"),
    JSON.stringify({ compilerOptions, files: ["consumer.ts"] }),
  );
  await run([join(ROOT, "tools/node_modules/.bin/tsc"), "-p", "tsconfig.json"]);
});

test("a bundle for Workers has no modules of Node, and only what is used", async () => {
  const whole = await bundle('import { copy } from "crossdock"; globalThis.run = copy;');
  assert.deepEqual(whole.match(/"node:[^"]+"/g), null);
  assert.match(whole, /DigestStream/);
  const part = await bundle(
    'import { parseReference } from "crossdock"; globalThis.run = parseReference;',
  );
  assert.doesNotMatch(part, /DigestStream/);
});

async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: folder.path },
    bundle: true,
    write: false,
    format: "esm",
    minify: true,
    conditions: ["workerd", "worker"],
    external: ["node:*", "cloudflare:*"],
    logLevel: "error",
  });
  return outputFiles[0]?.text ?? "";
}

test("the declarations of the package have comments", async () => {
  const types = await readFile(
    join(folder.path, "node_modules/crossdock/dist/src/library/functions.d.ts"),
    "utf8",
  );
  assert.match(types, /Copies an image from one registry to another/);
});
