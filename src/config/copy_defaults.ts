import type { CopyRequestInput } from "../copy/request.ts";
import type { ServerConfig } from "./server_config.ts";

/** Adds the configured `verify` mode to a copy or rule that has none. */
export function withDefaults<Options extends Pick<CopyRequestInput, "verify">>(
  { verify }: Pick<ServerConfig, "verify">,
  options: Options,
): Options {
  return { ...(verify ? { verify } : {}), ...options };
}
