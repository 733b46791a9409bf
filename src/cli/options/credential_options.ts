/**
 * The options for the credentials and certificates of one registry: the same for each side of a copy, and for commands with one
 * registry.
 */
import { Option } from "@commander-js/extra-typings";
import { descriptorNumber } from "./parse_option.ts";

/** The heading of these options in the help. */
export const REGISTRIES = "Registry access:";

/**
 * @param prefix how the flags begin on the command line, after `--`
 * @param registry the registry, as the help names it
 */
// deno-lint-ignore explicit-function-return-type -- commander infers the values from the flags
function credentialOptions<const Prefix extends "src-" | "dest-">(
  prefix: Prefix,
  registry: string,
) {
  return [
    new Option(
      `--${prefix}authfile <file>`,
      `like --authfile, for the ${registry} only`,
    ).helpGroup(REGISTRIES),
    new Option(
      `--${prefix}no-creds`,
      `anonymous access to the ${registry}: search for no credentials`,
    ).helpGroup(REGISTRIES),
    ...tokenOptions(prefix, registry),
    ...certificateOptions(prefix, registry),
  ] as const;
}

// deno-lint-ignore explicit-function-return-type -- commander infers the values from the flags
function certificateOptions<const Prefix extends "src-" | "dest-" | "">(
  prefix: Prefix,
  registry: string,
) {
  return [
    new Option(
      `--${prefix}cert <file>`,
      `PEM client certificate for a ${registry} that requires one`,
    ).helpGroup(REGISTRIES),
    new Option(
      `--${prefix}key <file>`,
      `PEM private key of the client certificate (default: it is in the file of --${prefix}cert)`,
    ).helpGroup(REGISTRIES),
    new Option(
      `--${prefix}cert-dir <folder>`,
      "folder with CA certificates (*.crt), and a client certificate (*.cert) with its key (*.key)",
    ).helpGroup(REGISTRIES),
  ] as const;
}

// deno-lint-ignore explicit-function-return-type -- commander infers the values from the flags
function tokenOptions<const Prefix extends "src-" | "dest-" | "">(
  prefix: Prefix,
  registry: string,
) {
  const option = `--${prefix}registry-token` as const;
  return [
    new Option(
      `${option} <token>`,
      `bearer token for the ${registry} (visible in the process list; prefer ${option}-env)`,
    ).helpGroup(REGISTRIES),
    new Option(
      `${option}-env <name>`,
      `environment variable with the bearer token for the ${registry}`,
    ).helpGroup(REGISTRIES),
    new Option(
      `${option}-fd <n>`,
      `file descriptor to read the bearer token for the ${registry} from; 0 is stdin`,
    ).argParser(descriptorNumber(`${option}-fd`)).helpGroup(REGISTRIES),
  ] as const;
}

/** The credentials and certificates for the source of a copy, besides `--src-creds`. */
export const SOURCE_CREDENTIAL_OPTIONS = credentialOptions("src-", "source");

/** The credentials and certificates for the destination of a copy, besides `--dest-creds`. */
export const DESTINATION_CREDENTIAL_OPTIONS = credentialOptions("dest-", "destination");

/** Commander reads `--no-creds` as the opposite of `--creds`. Here it is a flag of its own, so that both can be rejected together. */
const noCredsOption = Object.assign(
  new Option("--no-creds", "anonymous access: search for no credentials").helpGroup(REGISTRIES),
  { negate: false },
) as unknown as Option<"--noCreds">;

/** The credentials and certificates for the registry of a command that uses only one, besides `--creds`. */
export const REGISTRY_CREDENTIAL_OPTIONS = [
  noCredsOption,
  ...tokenOptions("", "registry"),
  ...certificateOptions("", "registry"),
] as const;
