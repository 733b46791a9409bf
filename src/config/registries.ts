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
  /** A program that prints the credential. */
  readonly helper?: CredentialHelper;
  readonly tls?: TlsMode;
  /** PEM certificates to trust in addition to those of the host. */
  readonly caCerts?: readonly string[];
  /** Holds a secret. */
  readonly clientCertificate?: ClientCertificate;
  /** Names of mirrors, as `registry` or `registry/path`, in their order. */
  readonly mirrors?: readonly string[];
  readonly requestsPerSecond?: number;
  readonly concurrentRequests?: number;
}

/** A credential helper of Docker. */
export interface CredentialHelper {
  /** Without `docker-credential-`. */
  readonly name: string;
  /** What the helper is asked for. */
  readonly server: string;
  /** How long its credential is kept, in milliseconds. */
  readonly keepMs: number;
}

/** Runs a credential helper. Resolves with undefined if it has no credential. */
type RunHelper = (name: string, server: string) => Promise<Credential | undefined>;

/** The settings of connections and mirrors, for both sides of a copy. */
export function registryConnections(
  settings: readonly RegistrySettings[],
): {
  tls(registry: string): TlsMode | undefined;
  caCerts(registry: string): readonly string[] | undefined;
  clientCertificate(registry: string): ClientCertificate | undefined;
  mirrors(registry: string): readonly string[];
} {
  const known = new Map(settings.map((entry) => [entry.registry, entry]));
  return {
    tls: (registry) => known.get(registry)?.tls,
    caCerts: (registry) => known.get(registry)?.caCerts,
    clientCertificate: (registry) => known.get(registry)?.clientCertificate,
    mirrors: (registry) => known.get(registry)?.mirrors ?? [],
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
  { runHelper, now = Date.now }: {
    /** Absent where programs cannot be run. The configuration then has no helpers. */
    readonly runHelper?: RunHelper | undefined;
    readonly now?: () => number;
  } = {},
): CredentialSources {
  const own = settings.filter(({ credential, helper }) => credential ?? helper);
  const names = own.map(({ registry }) => registry);
  const kept = new Map<
    string,
    { readonly until: number; readonly result: ReturnType<RunHelper> }
  >();
  const misses = new Map<string, string>();
  let last = "";

  /** Runs a helper once for all requests of the next while. A failure is not kept. */
  function askHelper(
    registry: string,
    { name, server, keepMs }: CredentialHelper,
  ): ReturnType<RunHelper> {
    const known = kept.get(registry);
    if (known && known.until > now()) return known.result;
    const result = Promise.resolve(runHelper?.(name, server));
    kept.set(registry, { until: now() + keepMs, result });
    result.catch(() => kept.delete(registry));
    return result;
  }

  return {
    async lookup(registry): Promise<CredentialMatch | undefined> {
      last = registry;
      const { credential, helper } = own.find((entry) => entry.registry === registry) ?? {};
      if (!helper) return credential && { credential, from: `${from} (creds "${registry}")` };
      const found = await askHelper(registry, helper);
      const program = `docker-credential-${helper.name}`;
      if (found) return { credential: found, from: `${from} (creds "${registry}": ${program})` };
      misses.set(registry, `${program} has no credential for ${helper.server}`);
      return undefined;
    },
    describe: (registry = last) => [
      `${from}: ${misses.get(registry) ?? describeMiss(names, registry)}`,
    ],
  };
}
