import type { CredentialMatch, CredentialSources } from "./credentials.ts";
import { FreshCache } from "./fresh_cache.ts";

/** A credential that a cloud gave for a while. */
export type ExpiringMatch = CredentialMatch & { expiresAt: number };

/** What one exchange gives, and for which registries it counts. */
export interface Grant {
  /** Registries with the same key share what `request` gave. */
  readonly key: string;
  request(): Promise<ExpiringMatch>;
}

/**
 * Credentials that are asked for at a cloud when one of its registries wants them, and kept until shortly before they
 * expire, however many repositories and requests there are. One that the registry refuses is replaced once.
 *
 * @param options.from the cloud's key, for people: `AWS_ACCESS_KEY_ID`
 * @param options.service what the key is for: `Amazon ECR`
 * @param options.find undefined for a registry that is not the cloud's
 */
export function cloudCredentials(options: {
  readonly now: () => number;
  readonly from: string;
  readonly service: string;
  readonly find: (registry: string) => Grant | undefined;
}): CredentialSources {
  const { now, from, service, find } = options;
  const matches = new FreshCache<ExpiringMatch>({ now, expiryOf: (match) => match.expiresAt });
  return {
    async lookup(registry, _repository, { refused } = {}): Promise<CredentialMatch | undefined> {
      const grant = find(registry);
      return grant &&
        await matches.get(grant.key, () => grant.request(), (match) => match === refused);
    },
    describe: (registry) => [
      registry === undefined || find(registry)
        ? `${from}: for ${service}`
        : `${from}: for ${service}, not for ${registry}`,
    ],
  };
}
