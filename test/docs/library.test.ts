/** Runs each snippet of docs/library.md and of the library's comments between two registries. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { spawnGuarded } from "../support/guarded_process.ts";
import { putIndex } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import type { RunningRegistry } from "../support/registry.ts";

const ROOT = new URL("../../", import.meta.url);

const CONFIG = fileURLToPath(new URL("deno.json", ROOT));
const RUN = "Deno" in globalThis ? ["run", "--allow-all", "--quiet", "--config", CONFIG] : [];

/** The source files of the package's exports. */
const EXPORTS: Readonly<Record<string, string>> = {
  "crossdock": "src/mod.ts",
  "crossdock/credentials": "src/credentials/docker_credentials.ts",
  "crossdock/layouts": "src/layouts/mod.ts",
  "crossdock/runtime": "src/hosts/detect.ts",
  "crossdock/sync": "src/library/rules.ts",
};

/** The files with snippets, and what each snippet prints. */
const FILES: Readonly<Record<string, readonly RegExp[]>> = {
  "src/mod.ts": [/^copied sha256:/],
  "src/library/functions.ts": [/^copied sha256:/, /^$/, /3\.20/],
  "src/library/rules.ts": [/^ok 1$/, /^nightly 20/],
  "docs/library.md": [
    /^copied sha256:/,
    /^$/,
    /^plan\n(.*\n)*report$/,
    /^copied [1-9]\d*\nfalse [1-9]\d*\nindex sha256:[0-9a-f]{64}\n3\.20$/,
    /^$/,
    /^not_found source /,
    /^nightly 20.*\nrule-started\n(.*\n)*rule-ended\nok\nin-step$/,
    /^$/,
    /^$/,
  ],
};

for (const [path, wanted] of Object.entries(FILES)) {
  const text = await readFile(new URL(path, ROOT), "utf8");
  const snippets = [...text.replaceAll(/^ \* ?/gm, "").matchAll(/^```ts\n(.*?)^```$/gms)]
    .map(([, code = ""]) => code);

  test(`${path} has a snippet for each expectation`, () => {
    assert.equal(snippets.length, wanted.length);
  });

  for (const [index, code] of snippets.entries()) {
    test(`${path}: snippet ${index + 1} runs`, async () => {
      await using source = await startRegistry();
      await using destination = await startRegistry();
      await putIndex(source, "library/alpine", {
        tag: "3.20",
        platforms: ["linux/amd64", "linux/arm64"],
      });
      assert.match(await runSnippet(code, source, destination), wanted[index] ?? /^never$/);
    });
  }
}

/** Runs a snippet with local registries in a folder of its own, and returns what it prints. */
async function runSnippet(
  code: string,
  source: RunningRegistry,
  destination: RunningRegistry,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "crossdock-snippet-"));
  try {
    await writeFile(join(folder, "crossdock.yaml"), configOf(source, destination));
    const file = join(folder, "snippet.ts");
    await writeFile(file, `${toLocal(code, source, destination)}\nprocess.exit();\n`);
    const env = { ...process.env as Record<string, string>, DOCKER_CONFIG: folder, NO_COLOR: "1" };
    const program = spawnGuarded([process.execPath, ...RUN, file], { env, cwd: folder });
    assert.equal(await program.ended, 0, `${program.stdout}${program.stderr}`);
    return program.stdout.trim();
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Replaces the names of packages and registries by local ones. */
function toLocal(code: string, source: RunningRegistry, destination: RunningRegistry): string {
  return `import process from "node:process";\n${code}`
    .replaceAll(
      /from "(crossdock[^"]*)"/g,
      (_, name) => `from "${new URL(EXPORTS[name] ?? assert.fail(name), ROOT)}"`,
    )
    .replaceAll("registry.example.com", destination.host)
    .replaceAll("docker.io/", `${source.host}/`)
    .replaceAll(/"(alpine[":])/g, `"${source.host}/library/$1`);
}

function configOf(source: RunningRegistry, destination: RunningRegistry): string {
  return `version: 1
sync:
  - name: nightly
    source: ${source.host}/library/alpine
    target: ${destination.host}/mirror/alpine
    type: repository
    schedule: "0 3 * * *"
`;
}
