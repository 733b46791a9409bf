/** The configured credentials, in order of precedence: those of the embedding program, the config file's `creds`, the docker config, the keys of clouds. */
import { acrCredentials } from "../auth/acr.ts";
import { artifactRegistryCredentials } from "../auth/artifact_registry.ts";
import type { CloudMemory } from "../auth/cloud_credentials.ts";
import { firstOf } from "../auth/credentials.ts";
import type { CredentialSources } from "../auth/credentials.ts";
import { credentialsFromDockerConfig } from "../auth/docker_config_credentials.ts";
import { createEcrRepository, ecrCredentials } from "../auth/ecr.ts";
import type { FetchForExchange } from "../auth/exchange.ts";
import type { CreateRepository } from "../registry/request.ts";
import type { Runtime } from "../runtime.ts";
import { registryCredentials } from "../config/registries.ts";
import type { ServerConfig } from "../config/server_config.ts";

export interface ServerCredentials {
  readonly credentials: CredentialSources;
  /** Creates a missing ECR repository on push. */
  readonly createRepository?: CreateRepository;
}

/**
 * Opens the configured credentials. No request is sent before a registry requires a credential.
 *
 * @param memory credentials that clouds have issued, shared by all sources with the same keys
 * @throws ParseError naming the invalid variable
 */
export function openCredentials(
  { credentials, sync, registryAuth, aws, googleServiceAccount, azure }: ServerConfig & {
    readonly credentials?: CredentialSources | undefined;
  },
  runtime: Runtime,
  memory: CloudMemory,
): ServerCredentials {
  const fetch: FetchForExchange = (request) => runtime.fetch(request);
  const host = { fetch, now: (): number => runtime.now(), memory };
  const sources = [
    ...(credentials ? [credentials] : []),
    ...(sync.registries.length > 0 ? [registryCredentials(sync.registries, sync.from)] : []),
    ...(registryAuth ? [credentialsFromDockerConfig(registryAuth, "CROSSDOCK_REGISTRY_AUTH")] : []),
    ...(aws ? [ecrCredentials({ ...aws, ...host })] : []),
    ...(googleServiceAccount
      ? [artifactRegistryCredentials({ serviceAccount: googleServiceAccount, ...host })]
      : []),
    ...(azure ? [acrCredentials({ ...azure, ...host })] : []),
  ];
  return {
    credentials: firstOf(...sources),
    ...(aws?.createRepository
      ? { createRepository: createEcrRepository({ ...aws, ...host }) }
      : {}),
  };
}
