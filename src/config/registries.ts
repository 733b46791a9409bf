/** The settings of registries in `crossdock.yaml`, as the two sides of a copy use them. */
import { describeMiss } from "../auth/credentials.ts";
import type { Credential, CredentialMatch, CredentialSources } from "../auth/credentials.ts";
import type { ClientCertificate } from "../runtime.ts";
import type { TlsMode } from "../sides.ts";

/** The settings of one registry. Holds a secret: do not log it. */
export interface RegistrySettings {
  /** Normalized: `docker.io`, `localhost:5000`. */
  readonly registry: string;
  readonly credential?: Credential;
  readonly tls?: TlsMode;
  /** PEM certificates to trust in addition to those of the host. */
  readonly caCerts?: readonly string[];
  /** Holds a secret. */
  readonly clientCertificate?: ClientCertificate;
  readonly requestsPerSecond?: number;
  readonly concurrentRequests?: number;
}

/** The TLS settings of a configuration, for both sides of a copy. */
export function registryTls(
  settings: readonly RegistrySettings[],
): {
  tls(registry: string): TlsMode | undefined;
  caCerts(registry: string): readonly string[] | undefined;
  clientCertificate(registry: string): ClientCertificate | undefined;
} {
  const known = new Map(settings.map((entry) => [entry.registry, entry]));
  return {
    tls: (registry) => known.get(registry)?.tls,
    caCerts: (registry) => known.get(registry)?.caCerts,
    clientCertificate: (registry) => known.get(registry)?.clientCertificate,
  };
}

/**
 * The credentials of a configuration, for both sides of a copy.
 *
 * @param from the name of the file in messages: `crossdock.yaml`
 */
export function registryCredentials(
  settings: readonly RegistrySettings[],
  from: string,
): CredentialSources {
  const withCredential = settings.filter(({ credential }) => credential !== undefined);
  const names = withCredential.map(({ registry }) => registry);
  let last = "";
  return {
    lookup(registry): Promise<CredentialMatch | undefined> {
      last = registry;
      const found = withCredential.find((entry) => entry.registry === registry)?.credential;
      const match = found && { credential: found, from: `${from} (creds "${registry}")` };
      return Promise.resolve(match);
    },
    describe: (registry = last) => [`${from}: ${describeMiss(names, registry)}`],
  };
}
