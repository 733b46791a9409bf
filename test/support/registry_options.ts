/** How an embedded registry can be made to differ from the next one. */

export interface RegistryOptions {
  /** Whether there is a referrers API. Without it: 404 and no OCI-Subject, as in CNCF distribution 2 and 3. Default: true. */
  referrers?: boolean;
  /** Whether repositories are listed at `/v2/_catalog`. Else 404, as at Docker Hub and GHCR. Default: true. */
  catalog?: boolean;
  /** Whether a mount from the repository itself gives 201 if the blob is there. Default: true. */
  selfMount?: boolean;
  /** Whether blobs are mounted from other repositories, named or not. Default: true. */
  crossMount?: boolean;
  /**
   * Whether upload Locations carry `_state`, which has to come back unchanged, and `Docker-Upload-UUID`.
   * Default: true.
   */
  distributionLike?: boolean;
  /** Whether `POST uploads/?digest=` stores its body. Else it only opens an upload. Default: true. */
  singlePost?: boolean;
  /** Whether a manifest is refused that names blobs or manifests which are not there. Default: true. */
  strictManifests?: boolean;
  /** The form of Location headers. Default: `"absolute"`. */
  location?: "absolute" | "relative";
  /** Larger manifests get 413. Default: 4 MiB, the least that the spec has registries take. */
  maxManifestBytes?: number;
  /** Upload bodies above this get 413, and `OCI-Chunk-Max-Length` says so beforehand. Default: no limit. */
  maxUploadBytes?: number;
  /** Chunks below this are refused unless they are the last; announced as `OCI-Chunk-Min-Length`. Default: none. */
  minChunkBytes?: number;
  /** Whether tags, manifests and blobs can be deleted. Else 405. Default: true. */
  deletable?: boolean;
  /** False: a careless registry, which stores whatever came under the digest it was told. Default: true. */
  verifiesDigests?: boolean;
  /** What becomes of uploaded bytes. `"discard"`: hashed, counted and dropped; GET answers 501. Default: `"memory"`. */
  keepBlobs?: "memory" | "discard";
  /** Whether a push creates its repository. Else it has to be created first, as in Amazon ECR. Default: true. */
  createsRepositories?: boolean;
  /** Default: open to all. */
  auth?: BasicAuth | BearerAuth;
}

/** Names to passwords. */
export type Users = Readonly<Record<string, string>>;

export interface BasicAuth {
  type: "basic";
  users: Users;
}

/** Tokens as in https://distribution.github.io/distribution/spec/auth/token/, from `/token` of the same registry. */
export interface BearerAuth {
  type: "bearer";
  users: Users;
  /** Default: `/token` at the origin of the request. */
  realm?: string;
  /** Default: the registry's `host:port`. */
  service?: string;
  /** Whether those without a name get tokens to pull with. Default: false. */
  anonymousPull?: boolean;
  /** Default: 300. */
  tokenLifetimeSeconds?: number;
  /** Whether tokens are JWTs that say it themselves, and the answer does not, as at Azure. Default: false. */
  isJwt?: boolean;
  /** The name of the token's field in the answer to a GET. A POST always answers `access_token`. Default: `"token"`. */
  tokenField?: "token" | "access_token";
  /** Identity tokens to user names, for POST with `grant_type=refresh_token`. */
  identityTokens?: Readonly<Record<string, string>>;
}
