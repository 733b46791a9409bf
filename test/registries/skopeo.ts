import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { requireBinary } from "./binaries.ts";
import { createTempFolder, runProgram } from "./run_program.ts";
import type { Credentials } from "./support.ts";

/** Access to a registry for skopeo and crane. */
export interface ReadOptions {
  readonly creds?: Credentials | undefined;
  /** False permits plain HTTP and self-signed certificates. Default: false. */
  readonly tlsVerify?: boolean;
}

export interface SkopeoCopyOptions {
  /** Whether all platforms of an index are copied, not only that of this machine. Default: false. */
  readonly all?: boolean;
  readonly srcCreds?: Credentials | undefined;
  readonly destCreds?: Credentials | undefined;
  /** TLS verification of both sides. Default: false. */
  readonly tlsVerify?: boolean;
}

/** The bytes of a manifest as skopeo fetched them. */
export async function skopeoInspectRaw(
  ref: string,
  options: ReadOptions = {},
): Promise<Uint8Array> {
  const { creds, tlsVerify = false } = options;
  const login = creds === undefined ? [] : ["--creds", toPair(creds)];
  return await skopeo([
    "inspect",
    "--raw",
    `--tls-verify=${tlsVerify}`,
    ...login,
    toImageName(ref),
  ]);
}

/**
 * The digest of a manifest or an index, computed from the raw bytes: without `--raw`, `skopeo inspect`
 * has a digest for images of this machine's platform only.
 */
export async function skopeoInspectDigest(ref: string, options: ReadOptions = {}): Promise<string> {
  const bytes = await skopeoInspectRaw(ref, options);
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Copies with skopeo. Fails if a digest would change. */
export async function skopeoCopy(
  src: string,
  dst: string,
  options: SkopeoCopyOptions = {},
): Promise<void> {
  const { all = false, srcCreds, destCreds, tlsVerify = false } = options;
  await skopeo([
    ...["copy", "--quiet", "--preserve-digests"],
    ...[`--src-tls-verify=${tlsVerify}`, `--dest-tls-verify=${tlsVerify}`],
    ...(all ? ["--all"] : []),
    ...(srcCreds === undefined ? [] : ["--src-creds", toPair(srcCreds)]),
    ...(destCreds === undefined ? [] : ["--dest-creds", toPair(destCreds)]),
    ...[toImageName(src), toImageName(dst)],
  ]);
}

/** The digest from a HEAD request of crane. */
export async function craneDigest(ref: string, options: ReadOptions = {}): Promise<string> {
  const { creds, tlsVerify = false } = options;
  await using home = await createTempFolder("crane-home");
  const registry = ref.slice(0, ref.indexOf("/"));
  const auths = creds === undefined ? {} : { [registry]: { auth: btoa(toPair(creds)) } };
  await writeFile(join(home.path, "config.json"), JSON.stringify({ auths }));
  const insecure = tlsVerify ? [] : ["--insecure"];
  const env = { HOME: home.path, DOCKER_CONFIG: home.path };
  const stdout = await runProgram(requireBinary("crane"), ["digest", ...insecure, ref], env);
  return new TextDecoder().decode(stdout).trim();
}

/** Runs skopeo with an empty home folder, so that no login, mirror or policy of the machine applies. */
async function skopeo(args: readonly string[]): Promise<Uint8Array> {
  await using home = await createTempFolder("skopeo-home");
  const write = async (name: string, text: string): Promise<string> => {
    const path = join(home.path, name);
    await writeFile(path, text);
    return path;
  };
  const policy = await write("policy.json", '{"default": [{"type": "insecureAcceptAnything"}]}');
  const env = {
    HOME: home.path,
    XDG_RUNTIME_DIR: home.path,
    TMPDIR: home.path,
    REGISTRY_AUTH_FILE: await write("auth.json", "{}"),
    CONTAINERS_REGISTRIES_CONF: await write("registries.conf", ""),
  };
  return await runProgram(requireBinary("skopeo"), [...args, "--policy", policy], env);
}

/** `127.0.0.1:5000/app:1` is `docker://127.0.0.1:5000/app:1`. Names with a transport, such as `oci:folder`, are unchanged. */
function toImageName(ref: string): string {
  return /^(docker:\/\/|oci:|oci-archive:|docker-archive:|dir:)/.test(ref)
    ? ref
    : `docker://${ref}`;
}

function toPair({ username, password }: Credentials): string {
  return `${username}:${password}`;
}
