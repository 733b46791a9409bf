import type { AuthMemory } from "../auth/authenticator.ts";
import type { Digest } from "../oci/digest.ts";
import type { PullsLeft } from "./pulls_left.ts";
import { quirksOf } from "./quirks.ts";

/**
 * Facts about one registry: from the list of quirks, and from its responses. Plain data without promises, so that requests can
 * share it on Workers, where no request may wait for another request.
 */
export interface RegistryMemory extends AuthMemory {
  /** Whether a mount from the repository itself checks for a blob and starts its upload in one request. */
  selfMount: boolean | undefined;
  /** Whether the registry rejects a blob under a wrong digest. */
  checksDigests: boolean | undefined;
  /** Whether the registry has the referrers API. */
  referrersApi: boolean | undefined;
  /** Whether the registry adds a referrer to the list of its subject when the referrer is put. */
  recordsSubjects: boolean;
  /** The largest request body, if the registry announced it or rejected a larger one. */
  maxUploadBytes: number | undefined;
  /** The smallest chunk of an upload except the last, if the registry announced it. */
  minChunkBytes: number | undefined;
  /** Whether a PUT may have the blob as its body. False: the blob is sent by PATCH, as docker does. */
  acceptsPutBody: boolean | undefined;
  /** The remaining pulls from the last response, if the registry limits pulls. */
  pulls: PullsLeft | undefined;
  /** Creation times of images by digest, in milliseconds since the epoch; `undefined` if the image states none. */
  readonly dates: Map<Digest, number | undefined>;
}

/** Creates the memory of a registry before its first response. */
export function createRegistryMemory(registry: string): RegistryMemory {
  const { selfMount, checksDigests } = quirksOf(registry);
  return {
    scheme: undefined,
    tokens: new Map(),
    selfMount,
    checksDigests,
    referrersApi: undefined,
    recordsSubjects: false,
    maxUploadBytes: undefined,
    minChunkBytes: undefined,
    acceptsPutBody: undefined,
    pulls: undefined,
    dates: new Map(),
  };
}
