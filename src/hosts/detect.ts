/**
 * The runtime of the current host, for `createEngine()`.
 *
 * @module
 */
import { CrossdockError } from "../errors.ts";
import type { Runtime } from "../runtime.ts";
import { detectHost } from "./detect_host.ts";

/**
 * Creates the runtime for the current host: Deno, Node, Bun or workerd. Loads only the file of that host.
 *
 * @throws CrossdockError `unsupported` on another host
 */
export async function createRuntime(): Promise<Runtime> {
  switch (detectHost(globalThis)) {
    case "deno":
      return (await import("./deno.ts")).createDenoRuntime();
    case "bun":
      return (await import("./bun.ts")).createBunRuntime();
    case "node":
      return (await import("./node.ts")).createNodeRuntime();
    case "workerd":
      return (await import("./workerd.ts")).createWorkerdRuntime();
    case undefined:
      throw new CrossdockError(
        "unsupported",
        "this host is not supported: expected Deno, Node, Bun or Cloudflare Workers",
        { hint: "pass a runtime of your own to createEngine()" },
      );
  }
}
