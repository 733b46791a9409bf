import { CrossdockError } from "../errors.ts";
import type { Runtime } from "../runtime.ts";

/**
 * Creates the runtime for the current host: Deno, Bun, Node or workerd. Loads only the file of that host.
 *
 * @throws CrossdockError `unsupported` on another host
 */
export async function createRuntime(): Promise<Runtime> {
  if ("Deno" in globalThis) return (await import("./deno.ts")).createDenoRuntime();
  if ("Bun" in globalThis) return (await import("./bun.ts")).createBunRuntime();
  // Workers can have a `process` that looks like Node's.
  if (globalThis.navigator?.userAgent === "Cloudflare-Workers") {
    return (await import("./workerd.ts")).createWorkerdRuntime();
  }
  if ("process" in globalThis) return (await import("./node.ts")).createNodeRuntime();
  throw new CrossdockError(
    "unsupported",
    "this host is not supported: expected Deno, Node, Bun or Cloudflare Workers",
    { hint: "pass a runtime of your own to createEngine()" },
  );
}
