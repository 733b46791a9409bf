import type { CopyRequestInput } from "../copy/request.ts";
import type { ServerConfig } from "./server_config.ts";

/** A copy, or what a rule says of its copies, with what the configuration says where that does not. */
export function withDefaults<Options extends Pick<CopyRequestInput, "verify">>(
  { verify }: Pick<ServerConfig, "verify">,
  options: Options,
): Options {
  return { ...(verify ? { verify } : {}), ...options };
}
