/** The credentials that the configuration gives, the narrower before the wider. */
import { firstOf } from "../auth/credentials.ts";
import type { CredentialSources } from "../auth/credentials.ts";
import { credentialsFromDockerConfig } from "../auth/docker_config_credentials.ts";
import type { Runtime } from "../runtime.ts";
import type { ServerConfig } from "./config.ts";

/**
 * Opens what is configured; nothing is sent yet.
 *
 * @throws ParseError naming the variable
 */
export function openCredentials(
  { registryAuth }: ServerConfig,
  _runtime: Runtime,
): { credentials: CredentialSources; createRepository?: undefined } {
  const sources = [
    ...(registryAuth ? [credentialsFromDockerConfig(registryAuth, "CROSSDOCK_REGISTRY_AUTH")] : []),
  ];
  return { credentials: firstOf(...sources) };
}
