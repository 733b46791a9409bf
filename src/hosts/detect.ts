import type { Runtime } from "../runtime.ts";

/** The runtime for the host that this runs on: Deno, Bun or Node. Only that host's file is loaded. */
export async function createRuntime(): Promise<Runtime> {
  if ("Deno" in globalThis) return (await import("./deno.ts")).createDenoRuntime();
  if ("Bun" in globalThis) return (await import("./bun.ts")).createBunRuntime();
  return (await import("./node.ts")).createNodeRuntime();
}
