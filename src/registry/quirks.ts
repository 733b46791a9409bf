/**
 * Known facts about registries, each with its source. Facts that are not listed are found out from the registry's responses,
 * once per client.
 */
import type { Reference } from "../oci/reference.ts";

/** A repository of referrers. */
interface ReferrersPlace {
  /** `registry/repository`, with `*` for the path of the image's repository. */
  readonly name: string;
  /** Whether the digest tags of cosign are there, too. */
  readonly digestTags: boolean;
}

/** Facts about one registry. An absent fact is unknown. */
export interface Quirks {
  /**
   * Whether `POST …/uploads/?mount=D&from=REPO` with the repository's own name answers 201 if the blob exists. Then one request
   * checks for the blob and starts the upload.
   */
  readonly selfMount?: boolean;
  /** Whether the pull limit counts a GET of a manifest but not a HEAD. */
  readonly countsPulls?: boolean;
  /** Whether the registry rejects a blob under a wrong digest. */
  readonly checksDigests?: boolean;
  /** Where referrers of its images are, in addition to the repository of the image. */
  readonly referrersAt?: ReferrersPlace;
  /** Whether a push requires an existing repository. Without one, the registry may close the connection. */
  readonly needsRepository?: boolean;
  /** Whether the registry deletes tags or manifests by its API. */
  readonly deletesTags?: boolean;
}

interface Entry extends Quirks {
  /** Matches the name of the registry as in a reference. */
  readonly registry: RegExp;
  readonly source: string;
}

const ENTRIES: readonly Entry[] = [
  {
    registry: /^docker\.io$/,
    checksDigests: true,
    countsPulls: true,
    source:
      "runs CNCF distribution, which verifies: distribution registry/storage/blobwriter.go, validateBlob; " +
      "docs.docker.com/docker-hub/usage/pulls: a GET of a manifest is a pull, a HEAD is not (2026-11)",
  },
  {
    registry: /(^|\.)quay\.io$/,
    selfMount: false,
    source:
      "mounts are rejected unless they are from another repository: go-containerregistry pkg/v1/remote/write.go",
  },
  {
    registry: /^[0-9]{12}\.dkr[.-]ecr(-fips)?\./,
    needsRepository: true,
    source:
      "POST …/blobs/uploads/ ends in EOF if the repository does not exist: aws/containers-roadmap issue 1970",
  },
  {
    registry: /^ghcr\.io$/,
    deletesTags: false,
    source: "a DELETE of a manifest ends in 405: okxlin/docker-mirror-monitor pull 13 (2026-08)",
  },
  // The front answers referrers requests with 404. Signatures and attestations are only in the canonical registry.
  {
    registry: /^registry\.k8s\.io$/,
    referrersAt: {
      name: "us-central1-docker.pkg.dev/k8s-artifacts-prod/images/*",
      digestTags: true,
    },
    source: "kubernetes-sigs/promo-tools issue 1945 (2026-09)",
  },
  // Its own fallback tags have signatures (kyverno/kyverno issue 17343), Docker Scout has the attestations.
  {
    registry: /^dhi\.io$/,
    referrersAt: { name: "registry.scout.docker.com/docker/dhi-*", digestTags: false },
    source: "docs.docker.com/dhi/how-to/verify (2026-11)",
  },
  {
    registry: /^registry\.gitlab\.com$/,
    checksDigests: true,
    source:
      "a fork of CNCF distribution with the same blobwriter.go: gitlab-org/container-registry",
  },
];

/** Returns the listed facts about a registry. */
export function quirksOf(registry: string): Quirks {
  return ENTRIES.find((entry) => entry.registry.test(registry)) ?? {};
}

/** The repository that has further referrers of an image, by the listed facts. */
export function referrersElsewhere(
  { registry, repository }: Reference,
): ReferrersPlace | undefined {
  const place = quirksOf(registry).referrersAt;
  return place && { ...place, name: place.name.replace("*", repository) };
}

/** The repository of the images whose referrers a repository has, by the listed facts. */
export function imagesOfReferrers(name: string): string | undefined {
  for (const { registry, referrersAt } of ENTRIES) {
    const [start = "", end = ""] = referrersAt?.name.split("*") ?? [];
    if (!referrersAt || !name.startsWith(start) || !name.endsWith(end)) continue;
    const host = registry.source.replace(/[\\^$]/g, "");
    return `${host}/${name.slice(start.length, name.length - end.length)}`;
  }
  return undefined;
}

/**
 * Whether an upload's Location comes from CNCF distribution or a registry based on it (Harbor, GitLab, Docker Hub). Only these
 * have a `_state` parameter, and they support a mount from the repository itself.
 *
 * Source: distribution v3.0.0 registry/handlers/blobupload.go, `blobUploadResponse`.
 */
export function isDistributionLocation(location: URL): boolean {
  return location.searchParams.has("_state");
}
