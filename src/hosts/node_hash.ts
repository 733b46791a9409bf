import { createHash } from "node:crypto";
import type { StreamHash } from "../runtime.ts";

/** A streaming hash by `node:crypto`, which Deno and Bun have too: wasm and JS hashes take six times as long and more. */
export function createNodeHash(algorithm: "sha256" | "sha512"): StreamHash {
  const hash = createHash(algorithm);
  return {
    update: (chunk) => void hash.update(chunk),
    hex: () => hash.digest("hex"),
  };
}
