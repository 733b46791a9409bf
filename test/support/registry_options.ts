/** Options by which an embedded registry behaves like different products. */

export interface RegistryOptions {
  /** Whether there is a referrers API. Without it: 404 and no OCI-Subject, as in CNCF distribution 2 and 3. Default: true. */
  referrers?: boolean;
  /** Whether `/v2/_catalog` lists repositories. If not: 404, as at Docker Hub and GHCR. Default: true. */
  catalog?: boolean;
  /** Whether a mount from the repository itself responds with 201 if the blob exists. Default: true. */
  selfMount?: boolean;
  /** Whether blobs are mounted from other repositories, with or without `from`. Default: true. */
  crossMount?: boolean;
  /**
   * Whether upload Locations carry `_state`, which clients must send back unchanged, and `Docker-Upload-UUID`.
   * Default: true.
   */
  distributionLike?: boolean;
  /** Whether `POST uploads/?digest=` stores its body. If not, it only opens an upload. Default: true. */
  singlePost?: boolean;
  /** Whether a manifest that names missing blobs or manifests is rejected. Default: true. */
  strictManifests?: boolean;
  /** The form of Location headers. Default: `"absolute"`. */
  location?: "absolute" | "relative";
  /** Larger manifests get 413. Default: 4 MiB, the minimum that the spec requires. */
  maxManifestBytes?: number;
  /** Larger upload bodies get 413. `OCI-Chunk-Max-Length` announces the limit. Default: no limit. */
  maxUploadBytes?: number;
  /** Smaller chunks are rejected, except the last. `OCI-Chunk-Min-Length` announces the limit. Default: none. */
  minChunkBytes?: number;
  /** Whether tags, manifests and blobs can be deleted. If not: 405. Default: true. */
  deletable?: boolean;
  /** Whether uploads are checked against their digest. Default: true. */
  verifiesDigests?: boolean;
  /** Storage of uploaded bytes. `"discard"` hashes and counts them, and GET responds with 501. Default: `"memory"`. */
  keepBlobs?: "memory" | "discard";
  /** Whether a push creates its repository. If not, it must be created first, as in Amazon ECR. Default: true. */
  createsRepositories?: boolean;
  /** Default: no authentication. */
  auth?: BasicAuth | BearerAuth;
}

/** Passwords by user name. */
export type Users = Readonly<Record<string, string>>;

export interface BasicAuth {
  type: "basic";
  users: Users;
}

/** Tokens as in https://distribution.github.io/distribution/spec/auth/token/, issued at `/token` of the same registry. */
export interface BearerAuth {
  type: "bearer";
  users: Users;
  /** Default: `/token` at the origin of the request. */
  realm?: string;
  /** Default: the registry's `host:port`. */
  service?: string;
  /** Whether anonymous clients get tokens with pull access. Default: false. */
  anonymousPull?: boolean;
  /** Default: 300. */
  tokenLifetimeSeconds?: number;
  /** Whether the lifetime is only in the token, a JWT, and not in the response, as at Azure. Default: false. */
  isJwt?: boolean;
  /** The name of the token's field in the response to a GET. To a POST it is always `access_token`. Default: `"token"`. */
  tokenField?: "token" | "access_token";
  /** User names by identity token, for POST with `grant_type=refresh_token`. */
  identityTokens?: Readonly<Record<string, string>>;
}
