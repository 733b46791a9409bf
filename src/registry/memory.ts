import type { AuthMemory } from "../auth/authenticator.ts";
import type { Digest } from "../oci/digest.ts";
import type { PullsLeft } from "./pulls_left.ts";
import { quirksOf } from "./quirks.ts";

/**
 * What is known of one registry: from the list of quirks, and from its own answers so far. Plain data without promises, so
 * that on Workers, where no request may wait for another's, it can pass from one to the next.
 */
export interface RegistryMemory extends AuthMemory {
  /** Whether a mount from the repository itself asks for a blob and begins its upload in one request. */
  selfMount: boolean | undefined;
  checksDigests: boolean | undefined;
  referrersApi: boolean | undefined;
  /** The largest body of one request, where the registry said so or refused one. */
  maxUploadBytes: number | undefined;
  /** Where the registry limits pulls: what was left when it last answered. */
  pulls: PullsLeft | undefined;
  /** When images were made, by digest, in milliseconds since the epoch; `undefined` for one that does not say. */
  readonly dates: Map<Digest, number | undefined>;
}

/** What is known of a registry before its first answer. */
export function createRegistryMemory(registry: string): RegistryMemory {
  const { selfMount, checksDigests } = quirksOf(registry);
  return {
    scheme: undefined,
    tokens: new Map(),
    selfMount,
    checksDigests,
    referrersApi: undefined,
    maxUploadBytes: undefined,
    pulls: undefined,
    dates: new Map(),
  };
}
