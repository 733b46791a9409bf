/**
 * What is known of registries beforehand, as data, each fact with its source. What is not listed is learnt from the
 * registry's own answers, once a client.
 */

/** Facts about one registry. A fact that is absent is not known. */
export interface Quirks {
  /**
   * Whether `POST …/uploads/?mount=D&from=REPO` with the repository's own name answers 201 when the blob is there, so that one
   * request asks and begins.
   */
  readonly selfMount?: boolean;
  /** Whether a GET of a manifest counts against a limit, and a HEAD does not. */
  readonly countsPulls?: boolean;
  /** Whether a blob under a wrong digest is refused. */
  readonly checksDigests?: boolean;
  /** Whether a push does not create its repository, and may see the connection cut where there is none. */
  readonly needsRepository?: boolean;
}

interface Entry extends Quirks {
  /** Matches the registry's name as in a reference. */
  readonly registry: RegExp;
  readonly source: string;
}

const ENTRIES: readonly Entry[] = [
  {
    registry: /^docker\.io$/,
    checksDigests: true,
    source:
      "runs CNCF distribution, which verifies: distribution registry/storage/blobwriter.go, validateBlob",
  },
  {
    registry: /(^|\.)quay\.io$/,
    selfMount: false,
    source:
      "mounting is refused unless it is from another repository: go-containerregistry pkg/v1/remote/write.go",
  },
  {
    registry: /^[0-9]{12}\.dkr[.-]ecr(-fips)?\./,
    needsRepository: true,
    source:
      "POST …/blobs/uploads/ ends in EOF where the repository does not exist: aws/containers-roadmap issue 1970",
  },
  {
    registry: /^registry\.gitlab\.com$/,
    checksDigests: true,
    source:
      "a fork of CNCF distribution with the same blobwriter.go: gitlab-org/container-registry",
  },
];

/** The facts that are listed for a registry. */
export function quirksOf(registry: string): Quirks {
  return ENTRIES.find((entry) => entry.registry.test(registry)) ?? {};
}

/**
 * Whether an upload's Location is CNCF distribution's, or that of one built from it (Harbor, GitLab, Docker Hub): these alone
 * carry their state in `_state`, and these answer a mount from the repository itself.
 *
 * Source: distribution v3.0.0 registry/handlers/blobupload.go, `blobUploadResponse`.
 */
export function isDistributionLocation(location: URL): boolean {
  return location.searchParams.has("_state");
}
