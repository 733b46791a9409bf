/** Other programs that read and write archives and layouts. */
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { requireBinary } from "../registries/binaries.ts";
import { createTempFolder, runProgram } from "../registries/run_program.ts";

const PLAIN_HTTP: Readonly<Record<string, readonly string[]>> = {
  copy: ["--src-tls-verify=false", "--dest-tls-verify=false"],
  inspect: ["--tls-verify=false"],
};

/** Runs skopeo without the configuration of the machine. Names without a transport are names in a registry. */
export async function skopeo(command: string, ...args: readonly string[]): Promise<Uint8Array> {
  await using home = await createTempFolder("skopeo-home");
  const policy = join(home.path, "policy.json");
  await writeFile(policy, '{"default": [{"type": "insecureAcceptAnything"}]}');
  const env = { HOME: home.path, XDG_RUNTIME_DIR: home.path, TMPDIR: home.path };
  const options = ["--policy", policy, ...PLAIN_HTTP[command] ?? []];
  return await runProgram(requireBinary("skopeo"), [command, ...options, ...args], env);
}

/** The digest of a manifest as skopeo reads it. */
export async function skopeoDigest(name: string): Promise<string> {
  return digestOf(await skopeo("inspect", "--raw", name));
}

export async function crane(...args: readonly string[]): Promise<string> {
  await using home = await createTempFolder("crane-home");
  const env = { HOME: home.path, DOCKER_CONFIG: home.path };
  return toText(await runProgram(requireBinary("crane"), ["--insecure", ...args], env));
}

/** @param host the registry, which speaks plain HTTP */
export async function regctl(host: string, ...args: readonly string[]): Promise<string> {
  await using home = await createTempFolder("regctl-home");
  const env = { HOME: home.path };
  const options = ["--host", `reg=${host},tls=disabled`];
  return toText(await runProgram(requireBinary("regctl"), [...options, ...args], env));
}

export async function umoci(...args: readonly string[]): Promise<string> {
  return toText(await runProgram(requireBinary("umoci"), args));
}

export async function tar(...args: readonly string[]): Promise<void> {
  await runProgram("/usr/bin/tar", args);
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function toText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).trim();
}
