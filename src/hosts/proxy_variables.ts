/** Reads the environment variables of proxies. Apart from the selection, which `fetch` without a proxy does not load. */
import process from "node:process";

export const PROXY_VARIABLES = {
  "https:": ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
  "http:": ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"],
} as const;

/** Whether the environment names a proxy. If so, `fetch` is not used, since some hosts read these variables in their own way. */
export function hasProxySettings(): boolean {
  return Object.values(PROXY_VARIABLES).flat().some((name) => readVariable(name) !== "");
}

/** Returns the trimmed value of an environment variable, or an empty string. */
export function readVariable(name: string): string {
  try {
    return process.env[name]?.trim() ?? "";
  } catch {
    // Deno without permission to read this variable.
    return "";
  }
}
