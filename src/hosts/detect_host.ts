import type { Runtime } from "../runtime.ts";

/** Detects the host by its global names; `undefined` for a host that is not supported. */
export function detectHost(globals: object): Runtime["name"] | undefined {
  if ("Deno" in globals) return "deno";
  if ("Bun" in globals) return "bun";
  // Workers can have a `process` that looks like Node's.
  const { navigator } = globals as { navigator?: { readonly userAgent?: string } };
  if (navigator?.userAgent === "Cloudflare-Workers") return "workerd";
  return "process" in globals ? "node" : undefined;
}
