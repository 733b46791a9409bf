/**
 * What crossdock does, shown on two registries in this process: `deno task demo`. Needs nothing but Deno.
 *
 * Each command that it prints is run as typed, as a process of its own.
 */
import { spawn } from "node:child_process";
import process from "node:process";
import { putCosignSignature, putIndex, putReferrer } from "../test/support/image.ts";
import { startRegistry } from "../test/support/registry.ts";

const MIB = 1024 * 1024;
/** Two layers a platform, large enough for the bars to be seen. */
const IMAGE = {
  platforms: ["linux/amd64", "linux/arm64"],
  tag: "1.0",
  layers: 2,
  layerBytes: 6 * MIB,
};
/** What a registry on the other side of a network would take to answer for a blob. */
const DELAY_MS = 250;

await using source = await startRegistry();
await using destination = await startRegistry();

say("Two registries are up, in memory. The first one gets an image for two platforms, with a");
say("signature under cosign's tag and an SBOM that refers to it.");
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
await show("What would move: nothing is written yet", "plan", from, to);
await show("The copy", "copy", from, to);
await show("The same once more: nothing moves", "copy", from, to);
await show("Both compared to the last blob", "verify", from, to);

/** Runs one command of the CLI where its output is seen; one that fails ends the demo. */
async function show(title: string, ...args: string[]): Promise<void> {
  say(`\n# ${title}\n$ crossdock ${args.join(" ")}`);
  const child = spawn(process.execPath, ["task", "--quiet", "crossdock", ...args], {
    cwd: new URL("..", import.meta.url),
    stdio: ["ignore", "inherit", "inherit"],
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code !== 0) throw new Error(`crossdock ${args.join(" ")} ended with ${code}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
