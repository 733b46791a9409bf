/**
 * The flags of skopeo, crane, regctl, regsync, oras and docker, and what each means for crossdock. A flag that the command itself
 * has is never looked up here.
 */

type Tool = "skopeo" | "crane" | "regctl" | "regsync" | "oras" | "docker";

/** What happens to a flag. Texts are parts of messages, and cells of the table in docs/cli.md. */
export type Meaning =
  /**
   * Replaced by flags of crossdock before the command line is parsed. In them, the flag's value replaces `VALUE`, and `src-`, `dest-`
   * or nothing replaces `SIDE-`. A note says how the meaning differs.
   */
  | { readonly becomes: string; readonly note?: string }
  /** TLS without verification. A loopback registry keeps its default, which is plain HTTP. */
  | { readonly becomes: "unverified TLS"; readonly bothSides?: boolean }
  /** Together with other flags, replaced by one flag: `--src-creds USER:PASSWORD` or `--platform OS/ARCH`. */
  | { readonly joins: "credentials" | "platform"; readonly part: Part }
  /** Accepted without an effect. The text says why. */
  | { readonly ignored: string; readonly contradicts?: readonly Contradiction[] }
  /** Rejected. The text says what to use instead. */
  | { readonly rejected: string };

export type Part = "user" | "password" | "os" | "architecture" | "variant";

/** A flag of crossdock that cannot be combined with an ignored one: any use of it, or only one value. */
export interface Contradiction {
  readonly flag: string;
  readonly value?: string;
  /** No contradiction if this flag is set, too. */
  readonly unless?: string;
}

export interface FamiliarFlag {
  /** All spellings. A row with sides has the flags for the source, the destination, and the only registry, if a tool has one. */
  readonly flags: readonly string[] | {
    readonly source: readonly string[];
    readonly destination: readonly string[];
    readonly only: readonly string[];
  };
  readonly tools: readonly Tool[];
  /** The commands of crossdock that accept or explain the flag. */
  readonly commands: readonly string[];
  /** Whether the flag has a value. Otherwise it can have only `=true` and `=false`. */
  readonly hasValue?: boolean;
  readonly means: Meaning;
  /** The meaning of single values. The meaning of `=false` is no effect, unless it is set here. */
  readonly values?: Readonly<Record<string, Meaning>>;
}

const COPY = ["copy", "plan"];
/** The commands with two registries. */
export const TWO_REGISTRIES: readonly string[] = [...COPY, "verify"];
const TWO = TWO_REGISTRIES;
/** The commands with one registry. */
const ONE = ["inspect", "digest", "tags", "auth"];
const IMAGE = ["inspect", "digest"];
const ALL = [...TWO, ...ONE, "sync"];

const OWN_PLATFORM: Meaning = {
  becomes: "--platform local --index unwrap",
};
const ALL_PLATFORMS: Meaning = {
  ignored: "all platforms are copied by default",
  contradicts: [{ flag: "--platform" }],
};
const ALL_REFERRERS: Meaning = {
  ignored: "referrers are copied by default",
  contradicts: [{ flag: "--no-referrers" }],
};
const LAYERS_UNCHANGED = "layers are copied unchanged";
const SIGN = "sign the copy: cosign sign DESTINATION@DIGEST";
const STDIN_SECRET = "write user:password to stdin and pass --SIDE-creds-fd 0";
const USE_JSON = "use --json, and jq to select fields: crossdock inspect --json IMAGE | jq .root";
const RESOLVE = "add the name to /etc/hosts";
const IN_SYNC_FILE =
  "sync reads it from crossdock.yaml, in creds; crossdock import --from skopeo converts the file of skopeo sync";

export const FAMILIAR_FLAGS: readonly FamiliarFlag[] = [
  // Platforms
  {
    flags: ["-a", "--all"],
    tools: ["skopeo"],
    commands: TWO,
    means: {
      ...ALL_PLATFORMS,
      ignored: "all platforms are copied by default; for all tags use crossdock copy --all-tags",
    },
    values: { false: OWN_PLATFORM },
  },
  {
    flags: ["-a", "--all"],
    tools: ["skopeo"],
    commands: ["sync"],
    means: { ignored: "all platforms are copied by default" },
    values: { false: { rejected: "write platform: linux/amd64 in the rule" } },
  },
  {
    flags: ["--multi-arch"],
    tools: ["skopeo"],
    commands: TWO,
    hasValue: true,
    means: { rejected: "expected all or system" },
    values: {
      all: ALL_PLATFORMS,
      system: OWN_PLATFORM,
      "index-only": {
        rejected:
          "an index is never copied without images; to keep it unchanged with some of its images, use " +
          "--platform linux/amd64 --index sparse",
      },
    },
  },
  ...(["os", "architecture", "variant"] as const).map((part): FamiliarFlag => ({
    flags: [`--override-${part === "architecture" ? "arch" : part}`],
    tools: ["skopeo"],
    commands: TWO,
    hasValue: true,
    means: { joins: "platform", part },
  })),
  {
    flags: ["--override-os", "--override-arch", "--override-variant"],
    tools: ["skopeo"],
    commands: [...ONE, "sync"],
    hasValue: true,
    means: { rejected: "inspect and digest have --platform OS/ARCH; rules of sync have platform" },
  },
  {
    flags: ["-p"],
    tools: ["regctl"],
    commands: TWO,
    hasValue: true,
    means: { becomes: "--platform VALUE --index unwrap" },
  },
  {
    flags: ["--platform"],
    tools: ["crane", "oras"],
    commands: ["tags", "auth", "sync"],
    hasValue: true,
    means: { rejected: "it selects an image: use it with copy, verify, inspect or digest" },
  },
  // Content
  {
    flags: ["--preserve-digests"],
    tools: ["skopeo"],
    commands: [...TWO, "sync"],
    means: {
      ignored: "digests are preserved by default",
      contradicts: [
        { flag: "--index", value: "rebuild" },
        { flag: "--platform", unless: "--index" },
      ],
    },
  },
  {
    flags: ["-r", "--recursive"],
    tools: ["oras"],
    commands: TWO,
    means: ALL_REFERRERS,
    values: { false: { becomes: "--no-referrers" } },
  },
  {
    flags: ["--include-referrers"],
    tools: ["oras"],
    commands: TWO,
    means: ALL_REFERRERS,
    values: { false: { becomes: "--no-referrers" } },
  },
  {
    flags: ["--exclude-referrers"],
    tools: ["oras"],
    commands: TWO,
    means: { becomes: "--no-referrers" },
  },
  {
    flags: ["--referrers-src"],
    tools: ["regctl"],
    commands: TWO,
    hasValue: true,
    means: { becomes: "--referrer-source VALUE" },
  },
  {
    flags: ["--referrers-tgt"],
    tools: ["regctl"],
    commands: TWO,
    hasValue: true,
    means: { becomes: "--referrer-destination VALUE" },
  },
  {
    flags: ["--force-recursive"],
    tools: ["regctl"],
    commands: COPY,
    means: { becomes: "--recheck" },
  },
  { flags: ["--force"], tools: ["oras"], commands: COPY, means: { becomes: "--recheck" } },
  {
    flags: ["--include-external"],
    tools: ["regctl"],
    commands: TWO,
    means: { becomes: "--foreign-layers" },
  },
  {
    flags: ["--allow-nondistributable-artifacts"],
    tools: ["crane"],
    commands: TWO,
    means: { becomes: "--foreign-layers" },
  },
  {
    flags: ["--allow-nondistributable-artifacts"],
    tools: ["crane"],
    commands: ONE,
    means: { ignored: "this command copies no layers" },
  },
  {
    flags: ["-n", "--no-clobber"],
    tools: ["crane"],
    commands: COPY,
    means: {
      becomes: "--if-exists skip",
      note: "an existing tag is skipped with exit code 0; --if-exists fail exits with 5",
    },
  },
  {
    flags: ["--remove-signatures"],
    tools: ["skopeo"],
    commands: TWO,
    means: { rejected: "use --no-referrers --no-digest-tags" },
  },
  {
    flags: ["--remove-signatures"],
    tools: ["skopeo"],
    commands: ["sync"],
    means: { rejected: "write referrers: false and digestTags: false in the rule" },
  },
  {
    flags: ["-f"],
    tools: ["skopeo"],
    commands: [...TWO, "sync"],
    hasValue: true,
    means: {
      rejected: "manifests are copied unchanged; to convert an image, use skopeo copy --format",
    },
  },
  {
    flags: ["--format"],
    tools: ["skopeo"],
    commands: ["sync"],
    hasValue: true,
    means: {
      rejected: "manifests are copied unchanged; to convert an image, use skopeo copy --format",
    },
  },
  {
    flags: [
      "--sign-by",
      "--sign-by-sigstore",
      "--sign-by-sigstore-private-key",
      "--sign-by-sq-fingerprint",
      "--sign-identity",
      "--sign-passphrase-file",
    ],
    tools: ["skopeo"],
    commands: [...COPY, "sync"],
    hasValue: true,
    means: { rejected: SIGN },
  },
  {
    flags: ["--encryption-key", "--encrypt-layer", "--decryption-key"],
    tools: ["skopeo"],
    commands: COPY,
    hasValue: true,
    means: { rejected: `${LAYERS_UNCHANGED}; to encrypt or decrypt them, use skopeo copy` },
  },
  {
    flags: ["--dest-compress", "--dest-decompress"],
    tools: ["skopeo"],
    commands: COPY,
    means: { rejected: `${LAYERS_UNCHANGED}; to change their compression, use skopeo copy` },
  },
  {
    flags: ["--dest-compress-format", "--dest-compress-level"],
    tools: ["skopeo"],
    commands: COPY,
    hasValue: true,
    means: { rejected: `${LAYERS_UNCHANGED}; to change their compression, use skopeo copy` },
  },
  {
    flags: ["--dest-oci-accept-uncompressed-layers"],
    tools: ["skopeo"],
    commands: COPY,
    means: { ignored: LAYERS_UNCHANGED },
  },
  {
    flags: ["--dest-precompute-digests"],
    tools: ["skopeo"],
    commands: COPY,
    means: { ignored: "no blob is uploaded that the destination has" },
  },
  // Registries
  {
    flags: {
      source: ["--src-tls-verify"],
      destination: ["--dest-tls-verify"],
      only: ["--tls-verify"],
    },
    tools: ["skopeo"],
    commands: [...TWO, ...ONE],
    means: { becomes: "--SIDE-tls on" },
    values: { false: { becomes: "unverified TLS" } },
  },
  {
    flags: { source: ["--from-insecure"], destination: ["--to-insecure"], only: ["--insecure"] },
    tools: ["oras", "crane", "docker"],
    commands: [...TWO, ...ONE],
    means: { becomes: "unverified TLS" },
  },
  {
    flags: ["--insecure"],
    tools: ["crane"],
    commands: TWO,
    means: { becomes: "unverified TLS", bothSides: true },
  },
  {
    flags: {
      source: ["--from-plain-http"],
      destination: ["--to-plain-http"],
      only: ["--plain-http"],
    },
    tools: ["oras"],
    commands: [...TWO, ...ONE],
    means: { becomes: "--SIDE-tls off" },
  },
  {
    flags: { source: ["--from-ca-file"], destination: ["--to-ca-file"], only: ["--ca-file"] },
    tools: ["oras"],
    commands: [...TWO, ...ONE],
    hasValue: true,
    means: { becomes: "--SIDE-ca VALUE" },
  },
  {
    flags: { source: ["--from-cert-file"], destination: ["--to-cert-file"], only: ["--cert-file"] },
    tools: ["oras"],
    commands: [...TWO, ...ONE],
    hasValue: true,
    means: { becomes: "--SIDE-cert VALUE" },
  },
  {
    flags: { source: ["--from-key-file"], destination: ["--to-key-file"], only: ["--key-file"] },
    tools: ["oras"],
    commands: [...TWO, ...ONE],
    hasValue: true,
    means: { becomes: "--SIDE-key VALUE" },
  },
  {
    flags: {
      source: ["--src-username", "--from-username"],
      destination: ["--dest-username", "--to-username"],
      only: ["--username", "-u"],
    },
    tools: ["skopeo", "oras"],
    commands: [...TWO, ...ONE],
    hasValue: true,
    means: { joins: "credentials", part: "user" },
  },
  {
    flags: {
      source: ["--src-password", "--from-password"],
      destination: ["--dest-password", "--to-password"],
      only: ["--password"],
    },
    tools: ["skopeo", "oras"],
    commands: [...TWO, ...ONE],
    hasValue: true,
    means: { joins: "credentials", part: "password" },
  },
  {
    flags: ["-p"],
    tools: ["oras", "regctl"],
    commands: ONE,
    hasValue: true,
    // The value is not shown: in oras it is the password, in regctl the platform.
    means: {
      rejected: "for a password use --creds-env NAME, a variable with user:password; " +
        "for a platform use --platform with inspect or digest",
    },
  },
  {
    flags: { source: [], destination: [], only: ["--password-stdin"] },
    tools: ["oras"],
    commands: [...TWO, ...ONE],
    means: { rejected: STDIN_SECRET },
  },
  {
    flags: {
      source: ["--from-identity-token"],
      destination: ["--to-identity-token"],
      only: ["--identity-token"],
    },
    tools: ["oras"],
    commands: [...TWO, ...ONE],
    hasValue: true,
    means: { becomes: "--SIDE-creds <token>:VALUE" },
  },
  {
    flags: { source: [], destination: [], only: ["--identity-token-stdin"] },
    tools: ["oras"],
    commands: [...TWO, ...ONE],
    means: { rejected: "write <token>: and the token to stdin and pass --SIDE-creds-fd 0" },
  },
  {
    flags: {
      source: ["--from-registry-config"],
      destination: ["--to-registry-config"],
      only: ["--registry-config"],
    },
    tools: ["oras"],
    commands: [...TWO, ...ONE],
    hasValue: true,
    means: { becomes: "--SIDE-authfile VALUE" },
  },
  {
    flags: [
      ...["src", "dest"].flatMap((side) =>
        ["creds", "username", "password", "registry-token", "authfile", "cert-dir"]
          .map((name) => `--${side}-${name}`)
      ),
      "-s",
      "-d",
      "--src",
      "--dest",
    ],
    tools: ["skopeo"],
    commands: ["sync"],
    hasValue: true,
    means: { rejected: IN_SYNC_FILE },
  },
  {
    flags: ["--src-no-creds", "--dest-no-creds", "--src-tls-verify", "--dest-tls-verify"],
    tools: ["skopeo"],
    commands: ["sync"],
    means: { rejected: IN_SYNC_FILE },
    values: { false: { rejected: IN_SYNC_FILE } },
  },
  {
    flags: ["--scoped"],
    tools: ["skopeo"],
    commands: ["sync"],
    means: { rejected: "use it with crossdock import --from skopeo --scoped" },
  },
  {
    flags: ["--append-suffix"],
    tools: ["skopeo"],
    commands: ["sync"],
    hasValue: true,
    means: { rejected: "write a rule of type image for each tag, with the suffix in target" },
  },
  {
    flags: ["--digestfile"],
    tools: ["skopeo"],
    commands: ["sync"],
    hasValue: true,
    means: { rejected: "use --json, whose document has the digest of each tag" },
  },
  {
    flags: ["--keep-going"],
    tools: ["skopeo"],
    commands: ["sync"],
    means: { ignored: "a failed tag does not stop the others" },
    values: { false: { rejected: "a failed tag does not stop the others" } },
  },
  {
    flags: ["--abort-on-error"],
    tools: ["regsync"],
    commands: ["sync"],
    means: { rejected: "a failed tag does not stop the others; the exit code is then 13 or 14" },
  },
  // The server
  {
    flags: ["-p", "--port"],
    tools: ["docker", "crane"],
    commands: ["serve"],
    hasValue: true,
    means: { rejected: "set the variable PORT: PORT=9000 crossdock serve" },
  },
  {
    flags: ["--host", "--address"],
    tools: ["docker", "crane"],
    commands: ["serve"],
    hasValue: true,
    means: { rejected: "set the variables HOST and PORT: HOST=127.0.0.1 crossdock serve" },
  },
  {
    flags: ["-c", "--config"],
    tools: ["regsync"],
    commands: ["serve"],
    hasValue: true,
    means: { rejected: "set the variable CROSSDOCK_CONFIG_FILE to the path of the file" },
  },
  // Requests
  {
    flags: ["--retry-times"],
    tools: ["skopeo"],
    commands: ALL,
    hasValue: true,
    means: { becomes: "--retries VALUE" },
  },
  {
    flags: ["--retry-delay"],
    tools: ["skopeo"],
    commands: ALL,
    hasValue: true,
    means: {
      rejected:
        "the delay doubles with each retry, from 0.5 s, unless the registry sends Retry-After",
    },
  },
  {
    flags: ["--image-parallel-copies"],
    tools: ["skopeo"],
    commands: [...TWO, "sync"],
    hasValue: true,
    means: { becomes: "--concurrency VALUE" },
  },
  {
    flags: ["-j", "--jobs"],
    tools: ["crane"],
    commands: [...TWO, "sync"],
    hasValue: true,
    means: { becomes: "--concurrency VALUE" },
  },
  {
    flags: ["--concurrency"],
    tools: ["oras"],
    commands: ONE,
    hasValue: true,
    means: { ignored: "this command needs only a few requests" },
  },
  {
    flags: ["--command-timeout"],
    tools: ["skopeo"],
    commands: ALL,
    hasValue: true,
    means: {
      rejected: "to limit the whole command, use timeout 10m crossdock …; " +
        "--timeout limits how long a registry sends nothing",
    },
  },
  {
    flags: {
      source: ["--from-distribution-spec"],
      destination: ["--to-distribution-spec"],
      only: ["--distribution-spec"],
    },
    tools: ["oras"],
    commands: [...TWO, ...ONE],
    hasValue: true,
    means: { ignored: "both ways to store referrers are used, as the registry supports them" },
  },
  {
    flags: { source: ["--from-resolve"], destination: ["--to-resolve"], only: ["--resolve"] },
    tools: ["oras"],
    commands: ONE,
    hasValue: true,
    means: { rejected: RESOLVE },
  },
  {
    flags: ["--resolve", "--from-resolve", "--to-resolve"],
    tools: ["oras"],
    commands: TWO,
    hasValue: true,
    means: { rejected: RESOLVE },
  },
  {
    flags: ["-H", "--header", "--from-header", "--to-header"],
    tools: ["oras"],
    commands: [...TWO, ...ONE],
    hasValue: true,
    means: {
      rejected: "requests have no other headers; use oras, or a proxy that adds the header",
    },
  },
  {
    flags: ["--user-agent", "--user-agent-prefix"],
    tools: ["regctl", "skopeo"],
    commands: ALL,
    hasValue: true,
    means: { rejected: "the User-Agent cannot be changed; use regctl or skopeo" },
  },
  {
    flags: ["--host"],
    tools: ["regctl"],
    commands: TWO,
    hasValue: true,
    means: {
      rejected:
        "use --src-tls and --dest-tls for tls, --src-creds-env and --dest-creds-env for user and pass",
    },
  },
  {
    flags: ["--host"],
    tools: ["regctl"],
    commands: ONE,
    hasValue: true,
    means: { rejected: "use --tls for tls, --creds-env for user and pass" },
  },
  {
    flags: ["--media-type"],
    tools: ["oras"],
    commands: ONE,
    hasValue: true,
    means: { ignored: "manifests of all media types are accepted" },
  },
  // Policies
  {
    flags: ["--insecure-policy"],
    tools: ["skopeo"],
    commands: ALL,
    means: { ignored: "there is no trust policy" },
  },
  {
    flags: ["--disable-content-trust"],
    tools: ["docker"],
    commands: ALL,
    means: { ignored: "there is no content trust" },
    values: {
      false: { rejected: "check signatures before the copy: cosign verify IMAGE" },
    },
  },
  {
    flags: ["--policy", "--registries.d"],
    tools: ["skopeo"],
    commands: ALL,
    hasValue: true,
    means: { rejected: "check signatures before the copy: cosign verify IMAGE" },
  },
  {
    flags: ["--require-signed"],
    tools: ["skopeo"],
    commands: ALL,
    means: { rejected: "check signatures before the copy: cosign verify IMAGE" },
  },
  {
    flags: ["--registries-conf"],
    tools: ["skopeo"],
    commands: ALL,
    hasValue: true,
    means: {
      rejected: "there is no file for registries; write the name of the mirror in the reference",
    },
  },
  {
    flags: ["--tmpdir"],
    tools: ["skopeo"],
    commands: ALL,
    hasValue: true,
    means: {
      ignored:
        "between registries there are no temporary files; for an archive in a pipe set TMPDIR",
    },
  },
  // Local images
  {
    flags: ["--from-oci-layout"],
    tools: ["oras"],
    commands: TWO,
    means: { rejected: "write the source as oci:PATH:TAG" },
  },
  {
    flags: ["--to-oci-layout"],
    tools: ["oras"],
    commands: TWO,
    means: { rejected: "write the destination as oci:PATH:TAG" },
  },
  {
    flags: ["--from-oci-layout-path"],
    tools: ["oras"],
    commands: TWO,
    hasValue: true,
    means: { rejected: "write the source as oci:PATH:TAG" },
  },
  {
    flags: ["--to-oci-layout-path"],
    tools: ["oras"],
    commands: TWO,
    hasValue: true,
    means: { rejected: "write the destination as oci:PATH:TAG" },
  },
  {
    flags: ["--oci-layout"],
    tools: ["oras"],
    commands: [...TWO, ...ONE],
    means: { rejected: "write the image as oci:PATH:TAG" },
  },
  {
    flags: ["--oci-layout-path"],
    tools: ["oras"],
    commands: [...TWO, ...ONE],
    hasValue: true,
    means: { rejected: "write the image as oci:PATH:TAG" },
  },
  {
    flags: ["--tarball"],
    tools: ["crane"],
    commands: IMAGE,
    hasValue: true,
    means: { rejected: "write the image as docker-archive:FILE" },
  },
  {
    flags: [
      "--src-shared-blob-dir",
      "--dest-shared-blob-dir",
      "--shared-blob-dir",
    ],
    tools: ["skopeo"],
    commands: [...TWO, ...ONE],
    hasValue: true,
    means: { rejected: "an OCI layout has its own blobs; several images fit in one: oci:PATH:TAG" },
  },
  {
    flags: ["--src-daemon-host"],
    tools: ["skopeo"],
    commands: TWO,
    hasValue: true,
    means: {
      rejected: "run docker -H HOST save IMAGE | crossdock copy docker-archive:- DESTINATION",
    },
  },
  {
    flags: ["--dest-daemon-host"],
    tools: ["skopeo"],
    commands: TWO,
    hasValue: true,
    means: { rejected: "run crossdock copy SOURCE docker-archive:- | docker -H HOST load" },
  },
  {
    flags: ["--daemon-host"],
    tools: ["skopeo"],
    commands: ONE,
    hasValue: true,
    means: { rejected: "run docker -H HOST save IMAGE -o FILE, and inspect docker-archive:FILE" },
  },
  {
    flags: ["-t", "--tag"],
    tools: ["docker"],
    commands: TWO,
    hasValue: true,
    means: { rejected: "write the destination as the second argument" },
  },
  {
    flags: ["--append", "--prefer-index"],
    tools: ["docker"],
    commands: TWO,
    means: {
      rejected: "no index is made; use docker buildx imagetools create, then copy the result",
    },
  },
  {
    flags: ["--annotation", "--file"],
    tools: ["docker"],
    commands: TWO,
    hasValue: true,
    means: {
      rejected: "no index is made; use docker buildx imagetools create, then copy the result",
    },
  },
  {
    flags: ["--builder"],
    tools: ["docker"],
    commands: [...TWO, ...ONE],
    hasValue: true,
    means: { ignored: "no builder is needed" },
  },
  {
    flags: ["--metadata-file"],
    tools: ["docker"],
    commands: TWO,
    hasValue: true,
    means: {
      rejected: "write the result to a file: crossdock copy --json SOURCE DESTINATION > FILE",
    },
  },
  // Output
  {
    flags: ["-d"],
    tools: ["oras"],
    commands: [...TWO, ...ONE],
    means: { becomes: "--debug" },
  },
  {
    flags: ["--verbosity"],
    tools: ["regctl", "regsync"],
    commands: ALL,
    hasValue: true,
    means: { rejected: "expected trace, debug, info, warn or error; --verbose logs requests" },
    values: {
      trace: { becomes: "--verbose" },
      debug: { becomes: "--verbose" },
      info: { ignored: "only --verbose logs more" },
      warn: { ignored: "warnings are printed by default" },
      error: { rejected: "copy and sync have --quiet" },
    },
  },
  {
    flags: ["--logopt"],
    tools: ["regctl", "regsync"],
    commands: ALL,
    hasValue: true,
    means: {
      rejected: "the request log of --verbose is plain text; --json prints the result as JSON",
    },
  },
  {
    flags: ["--no-tty"],
    tools: ["oras"],
    commands: ["copy", "sync"],
    means: { becomes: "--progress plain" },
  },
  {
    flags: ["--no-tty"],
    tools: ["oras"],
    commands: ["plan", "verify", ...ONE],
    means: { ignored: "this command shows no progress" },
  },
  {
    flags: ["-q", "--quiet"],
    tools: ["docker"],
    commands: ONE,
    means: { ignored: "this command prints only its result" },
  },
  {
    flags: ["-q", "--quiet"],
    tools: ["regctl"],
    commands: ["plan", "verify"],
    means: { rejected: "write > /dev/null after the command; the exit code is the result" },
  },
  {
    flags: ["-f", "--format"],
    tools: ["skopeo", "regctl", "oras"],
    commands: ONE,
    hasValue: true,
    means: { rejected: USE_JSON },
    values: {
      json: { becomes: "--json" },
      "raw-body": { rejected: "use crossdock inspect --raw" },
    },
  },
  {
    flags: ["--template"],
    tools: ["oras"],
    commands: [...TWO, ...ONE],
    hasValue: true,
    means: { rejected: USE_JSON },
  },
  {
    flags: ["-o", "--output"],
    tools: ["oras"],
    commands: [...TWO, ...ONE],
    hasValue: true,
    means: { rejected: "write > FILE after the command" },
  },
  {
    flags: ["--pretty"],
    tools: ["oras"],
    commands: ONE,
    means: { rejected: "pipe the result into jq: crossdock inspect --raw IMAGE | jq ." },
  },
  {
    flags: ["--descriptor"],
    tools: ["oras"],
    commands: ONE,
    means: { rejected: "use crossdock inspect --json IMAGE | jq .root.descriptor" },
  },
  {
    flags: ["--full-ref", "--full-reference", "-l"],
    tools: ["crane", "oras"],
    commands: ["tags"],
    means: { rejected: "add the name: crossdock tags REPO | sed 's|^|REPO:|'" },
  },
  {
    flags: ["--full-ref", "--full-reference", "-l"],
    tools: ["crane", "oras"],
    commands: ["digest"],
    means: { rejected: "add the name: echo REPO@$(crossdock digest REPO:TAG)" },
  },
  {
    flags: ["-O", "--omit-digest-tags", "--exclude-digest-tags"],
    tools: ["crane", "oras"],
    commands: ["tags"],
    means: { rejected: "filter the tags: crossdock tags REPO | grep -v '^sha256-'" },
  },
  {
    flags: ["--include", "--exclude"],
    tools: ["regctl"],
    commands: ["tags"],
    hasValue: true,
    means: { rejected: "filter the tags: crossdock tags REPO | grep -xE 'REGEXP', or grep -vxE" },
  },
  {
    flags: ["--last", "--limit"],
    tools: ["regctl", "oras"],
    commands: ["tags"],
    hasValue: true,
    means: { rejected: "all tags are listed; select some: crossdock tags REPO | head -n 20" },
  },
  {
    flags: ["-n", "--no-tags"],
    tools: ["skopeo"],
    commands: IMAGE,
    means: { ignored: "the tags of the repository are never listed" },
  },
  {
    flags: ["--require-digest"],
    tools: ["regctl"],
    commands: IMAGE,
    means: { ignored: "a digest is always required" },
  },
  {
    flags: ["--require-list"],
    tools: ["regctl"],
    commands: IMAGE,
    means: { rejected: "look at the media type: crossdock inspect --json IMAGE | jq .root" },
  },
  {
    flags: ["--artifact-type", "--depth"],
    tools: ["oras"],
    commands: ONE,
    hasValue: true,
    means: { rejected: "select referrers: crossdock inspect --json IMAGE | jq .root.referrers" },
  },
];

/** All spellings of a flag. */
export function listSpellings({ flags }: FamiliarFlag): readonly string[] {
  return Array.isArray(flags) ? flags : Object.values(flags).flat();
}
