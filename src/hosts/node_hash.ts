import { createHash } from "node:crypto";
import type { StreamHash } from "../runtime.ts";

/** Creates a streaming hash by `node:crypto`, also on Deno and Bun. Hashes in wasm or JS take at least six times as long. */
export function createNodeHash(algorithm: "sha256" | "sha512"): StreamHash {
  const hash = createHash(algorithm);
  return {
    update: (chunk) => void hash.update(chunk),
    hex: () => hash.digest("hex"),
  };
}
