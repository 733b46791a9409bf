import type { CopyRequestInput } from "../copy/request.ts";
import type { ServerConfig } from "./config.ts";

/** A copy with what the configuration says where its caller does not. */
export function withDefaults(
  { verify }: Pick<ServerConfig, "verify">,
  request: CopyRequestInput,
): CopyRequestInput {
  return { ...(verify ? { verify } : {}), ...request };
}
