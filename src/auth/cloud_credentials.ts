import type { CredentialMatch, CredentialSources } from "./credentials.ts";
import { FreshCache } from "./fresh_cache.ts";
import type { CachedValue } from "./fresh_cache.ts";

/** A temporary credential from a cloud. */
export type ExpiringMatch = CredentialMatch & { expiresAt: number };

/**
 * Cached cloud credentials by service and registry. Plain data, which sources with the same keys may share. Create it by
 * `new Map()`.
 *
 * @internal
 */
export type CloudMemory = Map<string, CachedValue<ExpiringMatch | undefined>>;

/** An exchange of a cloud key for a credential, and the registries that share the credential. */
export interface Grant {
  /** Registries with the same key share the credential. */
  readonly key: string;
  /** Resolves to undefined if the cloud key has no permission for the registry; the registry may allow anonymous access. */
  request(): Promise<ExpiringMatch | undefined>;
}

/**
 * Credentials that are requested from a cloud when one of its registries requires them. They are cached until shortly before they
 * expire and shared by all repositories and requests. A rejected credential is replaced once.
 *
 * @param options.from the origin of the cloud key, used in messages: `AWS_ACCESS_KEY_ID`
 * @param options.service the service that the key is for: `Amazon ECR`
 * @param options.find returns undefined for a registry outside this cloud
 */
export function cloudCredentials(options: {
  readonly now: () => number;
  readonly from: string;
  readonly service: string;
  readonly find: (registry: string) => Grant | undefined;
  readonly memory?: CloudMemory | undefined;
}): CredentialSources {
  const { now, from, service, find, memory } = options;
  const matches = new FreshCache<ExpiringMatch | undefined>({
    now,
    expiryOf: (match) => match?.expiresAt,
    values: memory,
  });
  const withoutPermission = new Set<string>();
  return {
    async lookup(registry, _repository, { refused } = {}): Promise<CredentialMatch | undefined> {
      const grant = find(registry);
      if (!grant) return undefined;
      const isRefused = (match: CredentialMatch | undefined): boolean =>
        match !== undefined && match === refused;
      const match = await matches.get(
        `${service} ${grant.key}`,
        () => grant.request(),
        isRefused,
      );
      if (!match) withoutPermission.add(registry);
      return match;
    },
    describe(registry): string[] {
      const isOther = registry !== undefined && !find(registry);
      return [
        `${from}: for ${service}` + (isOther ? `, not for ${registry}` : "") +
        (registry !== undefined && withoutPermission.has(registry)
          ? `, without permission for ${registry}`
          : ""),
      ];
    },
  };
}
