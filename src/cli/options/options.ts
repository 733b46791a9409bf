/** The options that commands share, each once. Defaults are the engine's. */
import { Option } from "@commander-js/extra-typings";
import {
  addPlatform,
  addText,
  oneOf,
  repositoryName,
  timeoutMs,
  wholeNumber,
} from "./parse_option.ts";

/** File descriptors are small numbers; 1 and 2 are where the program writes. */
const MAX_DESCRIPTOR = 1023;
const TLS_MODES = ["on", "off", "unverified"] as const;

export const platformOption = new Option(
  "--platform <os/arch>",
  "only this platform, e.g. linux/arm64 or linux/arm/v7 (repeatable; default: all)",
).argParser(addPlatform);

export const indexOption = new Option(
  "--index <rebuild|sparse|refuse|unwrap>",
  "what becomes of an index when only some platforms are copied (default: rebuild)",
).argParser(oneOf("--index", ["rebuild", "sparse", "refuse", "unwrap"]));

export const referrersOption = new Option(
  "--referrers",
  "take along what refers to the image: signatures, SBOMs, attestations (default)",
);
export const noReferrersOption = new Option("--no-referrers", "leave these behind");
export const referrerSourceOption = new Option(
  "--referrer-source <repository>",
  "where these are (default: the source's repository)",
).argParser(repositoryName("--referrer-source"));
export const referrerDestinationOption = new Option(
  "--referrer-destination <repository>",
  "where these go (default: the destination's repository)",
).argParser(repositoryName("--referrer-destination"));

export const digestTagsOption = new Option(
  "--digest-tags",
  "take along cosign's tags sha256-….sig, .att and .sbom (default)",
);
export const noDigestTagsOption = new Option("--no-digest-tags", "leave these behind");

export const foreignLayersOption = new Option(
  "--foreign-layers",
  "copy layers that live outside the source registry, too (default: left where they are)",
);

export const verifyOption = new Option(
  "--verify <auto|stream|destination>",
  "who checks digests of blobs: stream here as they pass, destination the registry (default: auto)",
).argParser(oneOf("--verify", ["auto", "stream", "destination"]));

export const ifExistsOption = new Option(
  "--if-exists <overwrite|skip|fail>",
  "what happens to a tag that is something else at the destination (default: overwrite)",
).argParser(oneOf("--if-exists", ["overwrite", "skip", "fail"]));

export const recheckOption = new Option(
  "--recheck",
  "check every blob and manifest even if the destination has the image, and copy those that are missing",
);

export const concurrencyOption = new Option(
  "--concurrency <n>",
  "blobs at once, 1 to 256 (default: 16)",
).argParser(wholeNumber("--concurrency", 1, 256));

export const timeoutOption = new Option(
  "--timeout <time>",
  "longest silence of a registry, in seconds or as 30s, 5m (default: 60s)",
).argParser(timeoutMs("--timeout"));

export const retriesOption = new Option(
  "--retries <n>",
  "how often a request or an upload is tried again, 0 to 20 (default: 4)",
).argParser(wholeNumber("--retries", 0, 20));

export const authfileOption = new Option(
  "--authfile <file>",
  "read credentials from this file alone, in the format of ~/.docker/config.json",
);

export const jsonOption = new Option("--json", "print the result as one JSON document");
export const quietOption = new Option("--quiet", "print nothing but errors");
export const dryRunOption = new Option(
  "--dry-run",
  "show what would be done and do nothing, as plan does",
);

export const progressOption = new Option(
  "--progress <auto|bar|plain|none>",
  "bars on a terminal, a plain line every few seconds, or nothing (default: auto)",
).argParser(oneOf("--progress", ["auto", "bar", "plain", "none"]));

export const srcTlsOption = new Option(
  "--src-tls <on|off|unverified>",
  "TLS towards the source (default: on, but off for loopback)",
).argParser(oneOf("--src-tls", TLS_MODES));
export const srcCaOption = new Option("--src-ca <file>", "trust these PEM certificates as well");
export const srcCredsOption = new Option(
  "--src-creds <user:password>",
  "credentials for the source; others can see a command line, so rather:",
);
export const srcCredsEnvOption = new Option(
  "--src-creds-env <name>",
  "the same, from an environment variable",
);
export const srcCredsFdOption = new Option(
  "--src-creds-fd <n>",
  "the same, from an open file descriptor; 0 is stdin",
).argParser(descriptorNumber("--src-creds-fd"));

export const destTlsOption = new Option(
  "--dest-tls <on|off|unverified>",
  "TLS towards the destination (default: on, but off for loopback)",
).argParser(oneOf("--dest-tls", TLS_MODES));
export const destCaOption = new Option("--dest-ca <file>", "trust these PEM certificates as well");
export const destCredsOption = new Option(
  "--dest-creds <user:password>",
  "credentials for the destination; others can see a command line, so rather:",
);
export const destCredsEnvOption = new Option(
  "--dest-creds-env <name>",
  "the same, from an environment variable",
);
export const destCredsFdOption = new Option(
  "--dest-creds-fd <n>",
  "the same, from an open file descriptor; 0 is stdin",
).argParser(descriptorNumber("--dest-creds-fd"));

export const tlsOption = new Option(
  "--tls <on|off|unverified>",
  "TLS towards the registry (default: on, but off for loopback)",
).argParser(oneOf("--tls", TLS_MODES));
export const caOption = new Option("--ca <file>", "trust these PEM certificates as well");
export const credsOption = new Option(
  "--creds <user:password>",
  "credentials; others can see a command line, so rather:",
);
export const credsEnvOption = new Option(
  "--creds-env <name>",
  "the same, from an environment variable",
);
export const credsFdOption = new Option(
  "--creds-fd <n>",
  "the same, from an open file descriptor; 0 is stdin",
).argParser(descriptorNumber("--creds-fd"));

export const viaOption = new Option(
  "--via <url>",
  "let a crossdock server do it, with its own credentials; it is shown the token in CROSSDOCK_TOKEN",
);
export const requiredViaOption = new Option(
  "--via <url>",
  "the crossdock server; it is shown the token in CROSSDOCK_TOKEN",
).makeOptionMandatory();
export const viaTokenEnvOption = new Option(
  "--via-token-env <name>",
  "the server's token, from another environment variable",
);
export const viaTokenFdOption = new Option(
  "--via-token-fd <n>",
  "the same, from an open file descriptor; 0 is stdin",
).argParser(descriptorNumber("--via-token-fd"));
export const detachOption = new Option(
  "--detach",
  "do not wait, where the server given with --via can go on by itself",
);

export const configOption = new Option(
  "-c, --config <file>",
  "the rules; - is stdin (default: crossdock.yaml)",
);
export const ruleOption = new Option(
  "--rule <name>",
  "only this rule (repeatable; default: all of them)",
).argParser(addText);
export const missingOption = new Option(
  "--missing",
  "copy what the targets lack, and leave alone what they have",
);
export const syncDryRunOption = new Option("--dry-run", "say what would be done, and do nothing");
export const watchOption = new Option(
  "--watch",
  "first --missing, then each rule by its schedule, until stopped",
);
export const statusOption = new Option(
  "--status",
  "say for each tag whether its copy is in step, behind or missing",
);

export const syncProgressOption = new Option(
  "--progress <plain|none>",
  "a line every few seconds while blobs move, or nothing (default: plain)",
).argParser(oneOf("--progress", ["plain", "none"]));

export const importFromOption = new Option(
  "--from <skopeo|image-syncer|dregsy>",
  "whose file it is",
).argParser(oneOf("--from", ["skopeo", "image-syncer", "dregsy"])).makeOptionMandatory();
export const importToOption = new Option(
  "--to <registry/path>",
  "skopeo's alone: where to, the last argument of skopeo sync",
);
export const importScopedOption = new Option(
  "--scoped",
  "skopeo's alone: as for skopeo sync --scoped",
);

function descriptorNumber(option: string): (text: string) => number {
  const parse = wholeNumber(option, 0, MAX_DESCRIPTOR);
  const parseInput = wholeNumber(`${option} (1 and 2 are outputs)`, 3, MAX_DESCRIPTOR);
  return (text) => text === "1" || text === "2" ? parseInput(text) : parse(text);
}
