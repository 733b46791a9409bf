import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const built = new URL("../../.cache/bin/", import.meta.url);

const paths = {
  "docker-registry": "/usr/bin/docker-registry",
  skopeo: "/usr/bin/skopeo",
  umoci: "/usr/bin/umoci",
  openssl: "/usr/bin/openssl",
  distribution: fileURLToPath(new URL("distribution", built)),
  crane: fileURLToPath(new URL("crane", built)),
  oras: fileURLToPath(new URL("oras", built)),
  regsync: fileURLToPath(new URL("regsync", built)),
  regctl: fileURLToPath(new URL("regctl", built)),
  instruments: fileURLToPath(new URL("instruments", built)),
} as const;

/** A program that `setup.sh` installs. */
export type BinaryName = keyof typeof paths;

/**
 * The absolute path of a program, so that a program of the same name on the PATH is never used.
 *
 * @throws {Error} if it is not installed. The tests with real registries are never skipped.
 */
export function requireBinary(name: BinaryName, path: string = paths[name]): string {
  if (!existsSync(path)) {
    throw new Error(`Cannot find ${name} at "${path}": run \`deno task setup:registries\``);
  }
  return path;
}
