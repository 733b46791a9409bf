import type { CredentialMatch, CredentialSources } from "./credentials.ts";
import { FreshCache } from "./fresh_cache.ts";
import type { Kept } from "./fresh_cache.ts";

/** A credential that a cloud gave for a while. */
export type ExpiringMatch = CredentialMatch & { expiresAt: number };

/** What clouds gave so far, by service and registry: plain data, which sources with the same keys may share. */
export type CloudMemory = Map<string, Kept<ExpiringMatch | undefined>>;

/** What one exchange gives, and for which registries it counts. */
export interface Grant {
  /** Registries with the same key share what `request` gave. */
  readonly key: string;
  /** Gives undefined where the cloud's key has no right to the registry, which may well be open to all. */
  request(): Promise<ExpiringMatch | undefined>;
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
  readonly memory?: CloudMemory | undefined;
}): CredentialSources {
  const { now, from, service, find, memory } = options;
  const matches = new FreshCache<ExpiringMatch | undefined>({
    now,
    expiryOf: (match) => match?.expiresAt,
    kept: memory,
  });
  const closed = new Set<string>();
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
      if (!match) closed.add(registry);
      return match;
    },
    describe(registry): string[] {
      const isOther = registry !== undefined && !find(registry);
      return [
        `${from}: for ${service}` + (isOther ? `, not for ${registry}` : "") +
        (registry !== undefined && closed.has(registry) ? `, without a right to ${registry}` : ""),
      ];
    },
  };
}
