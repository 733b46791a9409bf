/**
 * Tests the API against its document with schemathesis: `deno task test:schemathesis`. The server is the real one, on
 * loopback, between two embedded registries. Reports go to `.cache/schemathesis-report`.
 *
 * Exits with 1 unless every operation passed every check.
 */

import { spawn } from "node:child_process";
import { mkdir, readFile, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { denoRun } from "../handler/hosts/deno_run.ts";
import { ROOT, startProcess } from "../handler/hosts/start_process.ts";
import type { HandlerProgram } from "../handler/hosts/start_process.ts";
import { TOKENS, variablesFor } from "../handler/setup.ts";
import { closerOf } from "../support/close_server.ts";
import { putImage, putIndex } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import type { RegistryOptions, RunningRegistry } from "../support/registry.ts";

/** The working folder, so that schemathesis writes its own files there. */
const FOLDER = `${ROOT}.cache/schemathesis-report`;
const REPORT = `${FOLDER}/junit.xml`;

/** Steps have no order here, and a manifest that a registry rejects because its blobs are missing is correctly a 502. */
const LENIENT: RegistryOptions = { strictManifests: false };

/** The deployed server. Deno's permissions block every request that passes the server's own guard. */
const serve: HandlerProgram = {
  ...denoRun,
  command: denoRun.command.map((word) => word.replace(/^--allow-net$/, "$&=127.0.0.1")),
};

async function main(): Promise<number> {
  await using source = await startRegistry(LENIENT);
  await using destination = await startRegistry(LENIENT);
  await putImage(source, "app", { tag: "1" });
  await putIndex(source, "app", { tag: "2", platforms: ["linux/amd64", "linux/arm64"], seed: 2 });
  await using server = await startProcess(serve, {
    ...variablesFor(source, destination),
    CROSSDOCK_CONFIG: rulesFor(source.host, destination.host),
  });
  await using relay = await startRelay(Number(new URL(server.url).port));
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  const code = await execute(`${ROOT}.cache/schemathesis/bin/schemathesis`, [
    `--config-file=${ROOT}test/schemathesis/schemathesis.toml`,
    "run",
    `${relay.url}/openapi.json`,
    `--header=Authorization: Bearer ${TOKENS.copy}`,
    "--report=junit",
    `--report-junit-path=${REPORT}`,
  ], {
    SCHEMATHESIS_HOOKS: `${ROOT}test/schemathesis/hooks.py`,
    SOURCE_REGISTRY: source.host,
    SOURCE_SIZES: JSON.stringify(await listSizes(source)),
    DESTINATION_REGISTRY: destination.host,
  });
  if (server.stderr) say(server.stderr);
  const { tests, failed } = readCounts(await readFile(REPORT, "utf8"));
  say(`schemathesis: ${tests - failed} passed, ${failed} failed`);
  return code === 0 && tests > 0 && failed === 0 ? 0 : 1;
}

/**
 * Gives each connection another loopback address: the server permits ten invalid tokens per minute and address, and each operation
 * is tried with some.
 */
async function startRelay(port: number): Promise<AsyncDisposable & { readonly url: string }> {
  let count = 0;
  const server = createServer((socket) => {
    count++;
    const localAddress = `127.0.${1 + Math.floor(count / 250) % 250}.${1 + count % 250}`;
    const upstream = connect({ host: "127.0.0.1", port, localAddress });
    socket.pipe(upstream).pipe(socket);
    socket.on("error", () => {}).on("close", () => upstream.destroy());
    // A response that has come to its end is still being sent on: pipe() ends the socket after it.
    upstream.on("error", () => socket.destroy());
  });
  const close = closerOf(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: close,
  };
}

/** The size of each blob that a step may name. */
async function listSizes(registry: RunningRegistry): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const digest of registry.blobs("app")) {
    sizes[digest] = (await registry.getBlob("app", digest))?.byteLength ?? 0;
  }
  return sizes;
}

/** The rules that test/schemathesis/hooks.py names. */
function rulesFor(source: string, destination: string): string {
  return `
sync:
- { name: app, source: "${source}/app", target: "${destination}/rules/app", type: repository }
- { name: images, source: "${source}", target: "${destination}/rules", type: registry }
`;
}

/** The totals of the junit file: one test for each operation and phase. */
function readCounts(junit: string): { tests: number; failed: number } {
  const total = (attribute: string): number =>
    Number(new RegExp(`<testsuites[^>]* ${attribute}="(\\d+)"`).exec(junit)?.[1] ?? 0);
  return { tests: total("tests"), failed: total("failures") + total("errors") };
}

function execute(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: FOLDER,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.on("error", reject);
    child.on("close", resolve);
  });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
