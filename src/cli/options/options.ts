/** The arguments and options that commands share, in groups. The engine sets the defaults. */
import { Argument, Option } from "@commander-js/extra-typings";
import {
  DESTINATION_CREDENTIAL_OPTIONS,
  REGISTRIES,
  REGISTRY_CREDENTIAL_OPTIONS,
  SOURCE_CREDENTIAL_OPTIONS,
} from "./credential_options.ts";
import {
  addPlatform,
  addText,
  descriptorNumber,
  oneOf,
  onePlatform,
  repositoryName,
  timeoutMs,
  wholeNumber,
} from "./parse_option.ts";

const CONTENT = "Content:";
const ALL_TAGS = "All tags of a repository:";
const SERVER = "On a crossdock server:";
const OUTPUT = "Output:";

/** For values of other tools: manifest formats of skopeo, and Go templates. */
const KEPT_FORMAT =
  "manifests are copied unchanged; --format is only for a source docker-archive:FILE, --json prints the result as JSON";

const TLS_MODES = ["on", "off", "unverified"] as const;

export const sourceArgument = new Argument(
  "<source>",
  "registry/repository[:tag][@digest], or a folder or file: oci:PATH[:tag], oci-archive:FILE[:tag], " +
    "docker-archive:FILE[:name:tag], dir:PATH",
);
export const destinationArgument = new Argument(
  "<destination>",
  "the same; without tag and digest it has those of the source",
);

/** What belongs to an image, for copying and for comparing. */
export const CONTENT_OPTIONS = [
  new Option(
    "--platform <os/arch>",
    "only this platform, e.g. linux/arm64, arm64 or local (repeatable, or with commas; default: all)",
  ).argParser(addPlatform).helpGroup(CONTENT),
  new Option(
    "--index <rebuild|sparse|refuse|unwrap>",
    "with --platform: rebuild the index for these platforms, keep it unchanged (sparse), fail (refuse), " +
      "or copy the image without the index (unwrap) (default: rebuild)",
  ).argParser(oneOf("--index", ["rebuild", "sparse", "refuse", "unwrap"])).helpGroup(CONTENT),
  new Option(
    "--referrers",
    "include referrers: signatures, SBOMs, attestations (default)",
  ).helpGroup(CONTENT),
  new Option("--no-referrers", "leave out referrers").helpGroup(CONTENT),
  new Option(
    "--referrer-source <repository>",
    "repository with the referrers of the source (default: the source repository)",
  ).argParser(repositoryName("--referrer-source")).helpGroup(CONTENT),
  new Option(
    "--referrer-destination <repository>",
    "repository for the referrers at the destination (default: the destination repository)",
  ).argParser(repositoryName("--referrer-destination")).helpGroup(CONTENT),
  new Option(
    "--digest-tags",
    "include cosign tags: sha256-….sig, .att and .sbom (default)",
  ).helpGroup(CONTENT),
  new Option("--no-digest-tags", "leave out cosign tags").helpGroup(CONTENT),
  new Option(
    "--foreign-layers",
    "include layers that are stored outside the source registry (default: not included)",
  ).helpGroup(CONTENT),
  new Option(
    "--additional-tag <tag>",
    "one more tag at the destination (repeatable); or write repository:tag,tag,tag as the destination",
  ).argParser(addText).helpGroup(CONTENT),
] as const;

/** How the images of a docker archive are made, if it has no manifests. */
export const ARCHIVE_OPTIONS = [
  new Option(
    "--compress <gzip|none>",
    "from docker-archive: how its layers are compressed, if they are not (default: gzip)",
  ).argParser(oneOf("--compress", ["gzip", "none"])).helpGroup(CONTENT),
  new Option(
    "--format <oci|docker>",
    "from docker-archive: the kind of manifest, if the archive has none (default: oci)",
  ).argParser(oneOf("--format", ["oci", "docker"], KEPT_FORMAT)).helpGroup(CONTENT),
] as const;

/** How an image is copied. */
export const COPY_OPTIONS = [
  new Option(
    "--verify <auto|stream|destination>",
    "who checks blob digests: crossdock while streaming (stream) or the registry (destination) (default: auto)",
  ).argParser(oneOf("--verify", ["auto", "stream", "destination"])).helpGroup(CONTENT),
  new Option(
    "--if-exists <overwrite|skip|fail>",
    "if the destination tag points to something else: overwrite it, skip the copy, or fail (default: overwrite)",
  ).argParser(oneOf("--if-exists", ["overwrite", "skip", "fail"])).helpGroup(CONTENT),
  new Option(
    "--recheck",
    "check every blob and manifest even if the destination has the image, and copy those that are missing",
  ).helpGroup(CONTENT),
  new Option(
    "--fast",
    "if the destination has the image, do not look for new referrers and cosign tags",
  ).helpGroup(CONTENT),
] as const;

/** For copies. On a server, the server's configuration has the policy. */
export const policyOption = new Option(
  "--policy <file>",
  "a file with the key admission: copy only images with the signatures that it requires",
).helpGroup(CONTENT);

/** For copies. On a server, the server's configuration has the key. */
export const receiptKeyOption = new Option(
  "--receipt-key <key>",
  "sign a receipt for each copied manifest: a file with a private key on P-256 in PEM, or awskms:///ARN",
).helpGroup(CONTENT);

/** For `receipts`. */
export const RECEIPT_OPTIONS = [
  new Option(
    "--key <file>",
    "public key of the signer, in PEM (default: receipts are listed and not checked)",
  ).helpGroup(CONTENT),
  new Option(
    "--name <repository>",
    "the repository that the receipts name (default: that of the reference)",
  ).argParser(repositoryName("--name")).helpGroup(CONTENT),
  new Option(
    "--referrer-source <repository>",
    "repository with the receipts (default: that of the reference)",
  ).argParser(repositoryName("--referrer-source")).helpGroup(CONTENT),
] as const;

/** For `verify-signature`, in place of a policy. */
export const SIGNER_OPTIONS = [
  new Option("--key <file>", "public key of the signer, in PEM").helpGroup(CONTENT),
  new Option("--issuer <url>", "OIDC issuer of the signer; * matches all characters but /")
    .helpGroup(CONTENT),
  new Option(
    "--identity <pattern>",
    "whole identity of the signer; * matches all characters but /, and ** all characters",
  ).helpGroup(CONTENT),
  new Option(
    "--attestation <type>",
    "require an attestation with this predicate type, and not a signature",
  ).helpGroup(CONTENT),
] as const;

/** All tags of a repository, without a file of rules. */
export const ALL_TAGS_OPTIONS = [
  new Option(
    "--all-tags",
    "copy all tags of a repository; source and destination are then repositories without a tag",
  ).helpGroup(ALL_TAGS),
  new Option(
    "--missing",
    "copy only tags that the destination lacks, and leave its other tags unchanged",
  ).helpGroup(ALL_TAGS),
] as const;

export const strictOption = new Option(
  "--strict",
  "fail if signatures or other referrers did not arrive; with --all-tags, also if the source has no tags",
).helpGroup(CONTENT);

export const dryRunOption = new Option("--dry-run", "show the plan and copy nothing, as plan does")
  .helpGroup(CONTENT);

/** The registries of a copy. */
export const SIDE_OPTIONS = [
  new Option(
    "--src-tls <on|off|unverified>",
    "TLS to the source (default: on; off for loopback)",
  ).argParser(oneOf("--src-tls", TLS_MODES)).helpGroup(REGISTRIES),
  new Option("--src-ca <file>", "also trust the PEM certificates in this file")
    .helpGroup(REGISTRIES),
  new Option(
    "--src-creds <user:password>",
    "source credentials (visible in the process list; prefer --src-creds-env)",
  ).helpGroup(REGISTRIES),
  new Option(
    "--src-creds-env <name>",
    "environment variable with the source credentials, user:password",
  ).helpGroup(REGISTRIES),
  new Option(
    "--src-creds-fd <n>",
    "file descriptor to read the source credentials from; 0 is stdin",
  ).argParser(descriptorNumber("--src-creds-fd")).helpGroup(REGISTRIES),
  ...SOURCE_CREDENTIAL_OPTIONS,
  new Option(
    "--dest-tls <on|off|unverified>",
    "TLS to the destination (default: on; off for loopback)",
  ).argParser(oneOf("--dest-tls", TLS_MODES)).helpGroup(REGISTRIES),
  new Option("--dest-ca <file>", "also trust the PEM certificates in this file")
    .helpGroup(REGISTRIES),
  new Option(
    "--dest-creds <user:password>",
    "destination credentials (visible in the process list; prefer --dest-creds-env)",
  ).helpGroup(REGISTRIES),
  new Option(
    "--dest-creds-env <name>",
    "environment variable with the destination credentials, user:password",
  ).helpGroup(REGISTRIES),
  new Option(
    "--dest-creds-fd <n>",
    "file descriptor to read the destination credentials from; 0 is stdin",
  ).argParser(descriptorNumber("--dest-creds-fd")).helpGroup(REGISTRIES),
  ...DESTINATION_CREDENTIAL_OPTIONS,
] as const;

/** The registry of a command that uses only one. */
export const REGISTRY_OPTIONS = [
  new Option(
    "--tls <on|off|unverified>",
    "TLS to the registry (default: on; off for loopback)",
  ).argParser(oneOf("--tls", TLS_MODES)).helpGroup(REGISTRIES),
  new Option("--ca <file>", "also trust the PEM certificates in this file").helpGroup(REGISTRIES),
  new Option(
    "--creds <user:password>",
    "credentials (visible in the process list; prefer --creds-env)",
  ).helpGroup(REGISTRIES),
  new Option("--creds-env <name>", "environment variable with the credentials, user:password")
    .helpGroup(REGISTRIES),
  new Option("--creds-fd <n>", "file descriptor to read the credentials from; 0 is stdin")
    .argParser(descriptorNumber("--creds-fd")).helpGroup(REGISTRIES),
  ...REGISTRY_CREDENTIAL_OPTIONS,
] as const;

/** For `verify-signature`, whose `--key` is that of the signer. The key of a client certificate can be in the file of `--cert`. */
export const SIGNED_REGISTRY_OPTIONS = REGISTRY_OPTIONS.filter(({ long }) =>
  long !== "--key"
) as unknown as typeof REGISTRY_OPTIONS;

/** How requests to registries are made. */
export const REQUEST_OPTIONS = [
  new Option(
    "--authfile <file>",
    "read credentials only from this file, in the format of ~/.docker/config.json",
  ).helpGroup(REGISTRIES),
  new Option(
    "--timeout <time>",
    "give up when a registry sends nothing for this long, e.g. 30s or 5m; a bare number is seconds (default: 60s)",
  ).argParser(timeoutMs("--timeout")).helpGroup(REGISTRIES),
  new Option("--retries <n>", "retries of a request or an upload, 0 to 20 (default: 4)")
    .argParser(wholeNumber("--retries", 0, 20)).helpGroup(REGISTRIES),
] as const;

/** How requests to registries are made, for commands that handle several blobs in parallel. */
export const ENGINE_OPTIONS = [
  ...REQUEST_OPTIONS,
  new Option("--concurrency <n>", "blobs in parallel, 1 to 256 (default: 16)")
    .argParser(wholeNumber("--concurrency", 1, 256)).helpGroup(REGISTRIES),
] as const;

const VIA_TOKEN_OPTIONS = [
  new Option("--via-token-env <name>", "another environment variable with the token for the server")
    .helpGroup(SERVER),
  new Option(
    "--via-token-fd <n>",
    "file descriptor to read the token for the server from; 0 is stdin",
  )
    .argParser(descriptorNumber("--via-token-fd")).helpGroup(SERVER),
] as const;

/** The server that runs the command instead. */
export const VIA_OPTIONS = [
  new Option(
    "--via <url>",
    "run this on a crossdock server, with its registry credentials; CROSSDOCK_TOKEN holds the token for the server",
  ).helpGroup(SERVER),
  ...VIA_TOKEN_OPTIONS,
] as const;

/** The server, for commands that need one. */
export const SERVER_OPTIONS = [
  new Option("--via <url>", "the crossdock server; CROSSDOCK_TOKEN holds the token for it")
    .makeOptionMandatory().helpGroup(SERVER),
  ...VIA_TOKEN_OPTIONS,
] as const;

export const detachOption = new Option(
  "--detach",
  "with --via: do not wait for the result, if the server can run it in the background",
).helpGroup(SERVER);

/** The image of an index, for commands that show one image. */
export const onePlatformOption = new Option(
  "--platform <os/arch>",
  "the image of this platform, e.g. linux/arm64, in place of the index",
).argParser(onePlatform).helpGroup(CONTENT);

export const rawOption = new Option("--raw", "print the manifest as the registry returns it")
  .helpGroup(OUTPUT);
export const configOption = new Option(
  "--config",
  "print the config of the image as the registry returns it",
).helpGroup(OUTPUT);

export const budgetOption = new Option(
  "--budget <workers-free|workers-paid|deno-deploy>",
  "also show what the copy needs on Cloudflare Workers or Deno Deploy, whether it fits, and what it costs",
).argParser(oneOf("--budget", ["workers-free", "workers-paid", "deno-deploy"])).helpGroup(SERVER);

export const jsonOption = new Option("--json", "print the result as one JSON document")
  .helpGroup(OUTPUT);
export const digestFileOption = new Option(
  "--digestfile <file>",
  "write the digest of the copy to this file after success",
).helpGroup(OUTPUT);
export const quietOption = new Option("-q, --quiet", "print only errors").helpGroup(OUTPUT);

export const progressOption = new Option(
  "--progress <auto|bar|plain|json|none>",
  "bars on a terminal, a line every five seconds, each event as a line of JSON, or nothing (default: auto)",
).argParser(oneOf("--progress", ["auto", "bar", "plain", "json", "none"])).helpGroup(OUTPUT);

export const rulesFileOption = new Option(
  "-c, --config <file>",
  "file with the rules; - is stdin (default: crossdock.yaml)",
);

/** What `sync` does. */
export const SYNC_OPTIONS = [
  rulesFileOption,
  new Option("--rule <name>", "only this rule (repeatable; default: all rules)").argParser(addText),
  new Option("--dry-run", "show what would be copied and deleted, and write nothing"),
  new Option("--missing", "copy tags that a target lacks, and leave its other tags unchanged"),
  new Option(
    "--state <file>",
    "remember in this file what was mirrored, so that an unchanged tag costs one request to the source",
  ),
  new Option("--status", "show for each tag whether its copy is in step, behind or missing"),
  new Option(
    "--strict",
    "fail if a named tag or a rule matches nothing, signatures or other referrers did not arrive, or prune.maxShare holds back",
  ),
  new Option(
    "--watch",
    "copy missing tags first, then run each rule on its schedule until stopped",
  ),
] as const;

export const changesOption = new Option(
  "--changes",
  "print only tags that changed, failed or wait, and the sums",
).helpGroup(OUTPUT);

export const syncProgressOption = new Option(
  "--progress <plain|json|none>",
  "a line every five seconds during copies, each event as a line of JSON, or nothing (default: plain)",
).argParser(oneOf("--progress", ["plain", "json", "none"])).helpGroup(OUTPUT);

/** What `import` converts. */
export const IMPORT_OPTIONS = [
  new Option("--from <skopeo|image-syncer|dregsy>", "the program that the file was written for")
    .argParser(oneOf("--from", ["skopeo", "image-syncer", "dregsy"])).makeOptionMandatory(),
  new Option(
    "--to <registry/path>",
    "only for skopeo: the destination, which is the last argument of skopeo sync",
  ),
  new Option("--scoped", "only for skopeo: convert as skopeo sync --scoped copies"),
  new Option("--lenient", "exit with 0 even if something could not be converted"),
] as const;

/** What `init` writes. */
export const INIT_OPTIONS = [
  new Option("--source <name>", "repository to mirror, or one image of it with its tag"),
  new Option("--destination <name>", "repository to copy to"),
  new Option(
    "--tags <pattern>",
    "only the tags that match this regular expression (repeatable; default: all tags)",
  ).argParser(addText),
  new Option("--interval <time>", "how often to copy, such as 6h or 30m (default: 12h)"),
  new Option("--schedule <cron>", 'when to copy, such as "17 3 * * *", instead of --interval'),
  new Option(
    "--login-env <registry>",
    "read its credential from two variables, such as GHCR_IO_USER and GHCR_IO_PASS (repeatable)",
  ).argParser(addText),
  new Option(
    "--tls-off <registry>",
    "use plain HTTP for this registry (repeatable; default: only on loopback)",
  ).argParser(addText),
  new Option("-c, --config <file>", "file to write (default: crossdock.yaml)"),
  new Option("--force", "replace the file if it exists"),
  new Option("--yes", "ask nothing, and use the defaults"),
  new Option("--no-check", "do not check the credentials"),
] as const;
