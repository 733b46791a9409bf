/**
 * Measures memory and CPU time of copying one large layer from a folder to a registry and from a registry into an archive, next to
 * skopeo.
 *
 *     deno task bench layouts
 *
 * Fails if a copy on Deno has more than 128 MiB resident, or needs more than 1.5 times the CPU time of skopeo.
 */
import { rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { requireBinary } from "../test/registries/binaries.ts";
import { createTempFolder } from "../test/registries/run_program.ts";
import { startRealRegistry } from "../test/registries/support.ts";
import { seedLayer } from "./seed_layer.ts";
import { print, runCrossdock, runProcess } from "./support.ts";
import type { ProcessCost } from "./support.ts";

const SIZE_MIB = 2048;
const LIMIT_MIB = 128;
const LIMIT_RATIO = 1.5;

await using registry = await startRealRegistry("distribution3");
await using folder = await createTempFolder("bench-layouts");
await seedLayer(registry.host, SIZE_MIB);
const policy = join(folder.path, "policy.json");
await writeFile(policy, '{"default": [{"type": "insecureAcceptAnything"}]}');
const layout = `oci:${join(folder.path, "layout")}:1`;
const archive = join(folder.path, "archive.tar");
const source = `docker://${registry.host}/layer:${SIZE_MIB}`;
await crossdock(source, layout);

const copies = [
  // Hashed here, as skopeo does it. By default, a large blob is hashed only by the registry.
  { what: "oci: to a registry", from: layout, to: `docker://${registry.host}/`, verify: "stream" },
  {
    what: "a registry to oci-archive:",
    from: source,
    to: `oci-archive:${archive}:`,
    verify: "auto",
  },
];
const broken: string[] = [];
for (const { what, from, to, verify } of copies) {
  const theirs = await skopeo(from, `${to}skopeo`);
  await rm(archive, { force: true });
  const ours = await crossdock(from, `${to}crossdock`, verify);
  const size = await stat(archive).then(({ size }) => size, () => undefined);
  if (to.startsWith("oci-archive:") && (size ?? 0) < SIZE_MIB * 1024 * 1024) {
    throw new Error(`${what}: the archive has ${size} bytes`);
  }
  const ratio = ours.cpuSeconds / theirs.cpuSeconds;
  print(`${SIZE_MIB} MiB, ${what}: crossdock ${describe(ours)}; skopeo ${describe(theirs)}`);
  print(`  CPU time ${ratio.toFixed(2)} times that of skopeo`);
  if (ours.peakMiB > LIMIT_MIB) broken.push(`${what}: more than ${LIMIT_MIB} MiB resident`);
  if (ratio > LIMIT_RATIO) broken.push(`${what}: more than ${LIMIT_RATIO} times the CPU time`);
}
if ("Deno" in globalThis && broken.length > 0) throw new Error(broken.join("; "));

function crossdock(from: string, to: string, verify = "auto"): Promise<ProcessCost> {
  return runCrossdock(["copy", from, to, "--verify", verify, "--progress", "none"]);
}

function skopeo(from: string, to: string): Promise<ProcessCost> {
  return runProcess(requireBinary("skopeo"), [
    "--tmpdir",
    folder.path,
    "--policy",
    policy,
    "copy",
    "--quiet",
    "--preserve-digests",
    "--src-tls-verify=false",
    "--dest-tls-verify=false",
    from,
    to,
  ]);
}

function describe({ seconds, cpuSeconds, peakMiB }: ProcessCost): string {
  return `${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} s CPU, ${
    peakMiB.toFixed(0)
  } MiB resident`;
}
