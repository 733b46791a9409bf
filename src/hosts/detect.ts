import type { Runtime } from "../runtime.ts";

/** Creates the runtime for the current host: Deno, Bun or Node. Loads only the file of that host. */
export async function createRuntime(): Promise<Runtime> {
  if ("Deno" in globalThis) return (await import("./deno.ts")).createDenoRuntime();
  if ("Bun" in globalThis) return (await import("./bun.ts")).createBunRuntime();
  return (await import("./node.ts")).createNodeRuntime();
}
