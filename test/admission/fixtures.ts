/** Images that cosign has signed. make_fixtures.sh makes them. */
import { readFileSync } from "node:fs";

export interface FixtureRepository {
  /** Digests by tag. */
  readonly tags: Record<string, string>;
  /** By digest. */
  readonly manifests: Record<string, { readonly type: string; readonly text: string }>;
  /** Base64 by digest. */
  readonly blobs: Record<string, string>;
}

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`fixtures/${name}`, import.meta.url), "utf8"));
}

/** By name. */
export const IMAGES = readJson("images.json") as Record<string, FixtureRepository>;

/** Public keys in PEM: p256, p384, p521, ed25519, rsa. */
export const KEYS = readJson("keys.json") as Record<string, string>;

/** The trust root of the local instance. */
export const ROOT = readJson("root.json");

/** Bundles of Sigstore's public instance, from the tests of sigstore-js. */
// deno-lint-ignore no-explicit-any
export const SIGSTORE_JS = readJson("sigstore_js.json") as any;
