/**
 * Demonstrates crossdock with registries in this process: `deno task demo`. It needs only Deno. Each printed command runs as shown,
 * in its own process. `deno task demo --serve` serves the page instead.
 */
import { spawn } from "node:child_process";
import process from "node:process";
import { putCosignSignature, putIndex, putReferrer } from "../test/support/image.ts";
import { startRegistry } from "../test/support/registry.ts";

const MIB = 1024 * 1024;
/** Two layers per platform, large enough for visible progress bars. */
const IMAGE = {
  platforms: ["linux/amd64", "linux/arm64"],
  tag: "1.0",
  layers: 2,
  layerBytes: 6 * MIB,
};
/** Delay of each blob upload, as over a real network. */
const DELAY_MS = 250;

if (process.argv[2] === "--serve") await serveDemo();
else await runCommands();

async function serveDemo(): Promise<void> {
  await runTask("page");
  const { startDemoServer } = await import("./demo_server.ts");
  const { url, token } = await startDemoServer({ port: Number(process.env["PORT"] ?? 0) });
  print(`Open ${url}/ and sign in with the token\n\n    ${token}\n`);
  print("The server mirrors three registries in memory to a fourth one. Stop it with Ctrl+C.");
}

async function runCommands(): Promise<void> {
  await using source = await startRegistry();
  await using destination = await startRegistry();

  print(
    "Started two registries in memory. The first one has an image for two platforms, with a cosign",
  );
  print("signature (a digest tag) and an SBOM (a referrer).");
  const { descriptor } = await putIndex(source, "demo/app", IMAGE);
  await putCosignSignature(source, "demo/app", descriptor.digest);
  await putReferrer(source, "demo/app", descriptor, {
    artifactType: "application/spdx+json",
    payload: JSON.stringify({ spdxVersion: "SPDX-2.3", name: "demo/app" }),
  });
  destination.fail({
    method: "PUT",
    path: "/blobs/uploads/",
    times: Infinity,
    action: { delayMs: DELAY_MS },
  });

  const from = `docker://${source.host}/demo/app:1.0`;
  const to = `docker://${destination.host}/mirror/app:1.0`;
  await show("Plan the copy; nothing is written", "plan", from, to);
  await show("Copy", "copy", from, to);
  await show("Copy again: nothing is transferred", "copy", from, to);
  await show("Verify: compare both images down to their blobs", "verify", from, to);
}

/** Runs one command of the CLI and shows its output. A failure ends the demo. */
async function show(title: string, ...args: string[]): Promise<void> {
  print(`\n# ${title}\n$ crossdock ${args.join(" ")}`);
  await runTask("crossdock", ...args);
}

async function runTask(...args: string[]): Promise<void> {
  const child = spawn(process.execPath, ["task", "--quiet", ...args], {
    cwd: new URL("..", import.meta.url),
    stdio: ["ignore", "inherit", "inherit"],
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
