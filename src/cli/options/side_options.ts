/** Turns one side's flags into the options of the engine. */
import { anonymousAccess, firstOf, staticCredentials } from "../../auth/credentials.ts";
import type { Credential, CredentialSources } from "../../auth/credentials.ts";
import { EXPECTED_PEM, parseCertificates } from "../../config/registries.ts";
import { ParseError } from "../../errors.ts";
import { isLocal } from "../../oci/reference.ts";
import type { SideOptions } from "../../sides.ts";
import type { CliEnvironment } from "../environment.ts";
import { runCredentialHelper } from "./credential_helper.ts";
import type { RunHelper } from "./credential_helper.ts";
import { dockerConfigSources } from "./docker_config_files.ts";
import type { Authfile } from "./docker_config_files.ts";
import { readFlagCredential } from "./flag_credential.ts";
import { readOptionFile } from "./read_input_file.ts";
import { listSideFlags } from "./side.ts";
import type { CommandSide, RegistryName } from "./side.ts";

/**
 * Reads the files, variables and file descriptors that a side's flags name.
 *
 * @throws ParseError if one cannot be used; no request has been sent then
 */
export async function readSideOptions(
  side: CommandSide,
  authfile: string | undefined,
  environment: CliEnvironment,
): Promise<SideOptions> {
  const { prefix, flags: { tls, ca }, name } = side;
  rejectRegistryFlags(side);
  if (tls === "off" && ca !== undefined) {
    throw new ParseError(`${prefix}ca and ${prefix}tls off cannot be combined`);
  }
  const caCerts = ca === undefined
    ? undefined
    : await readCaCertificates(ca, `${prefix}ca`, environment);
  const { registry } = name;
  return {
    credentials: await openCredentials(side, authfile, environment),
    ...(tls ? { tls: (host: string) => host === registry ? tls : undefined } : {}),
    ...(caCerts ? { caCerts } : {}),
  };
}

/** The credential of the flags, and for the other registries of the side those of the authfile or of Docker's files. */
async function openCredentials(
  side: CommandSide,
  authfile: string | undefined,
  environment: CliEnvironment,
): Promise<CredentialSources> {
  const { prefix, flags, name, referrers } = side;
  const explicit = await readFlagCredential(side, environment);
  if (flags.noCreds) return anonymousAccess(`${prefix}no-creds`);
  const { registry } = name;
  const sources = explicit
    ? [staticCredentials(explicit.credential, explicit.from, { registry })]
    : [];
  const rest = [name, ...(referrers ? [referrers] : [])]
    .filter((name) => !isLocal(name) && (!explicit || name.registry !== registry));
  if (rest.length > 0) {
    const file = flags.authfile === undefined
      ? authfile && { path: authfile, option: "--authfile" }
      : { path: flags.authfile, option: `${prefix}authfile` };
    sources.push(await openDockerConfig(rest, file || undefined, environment));
  }
  return firstOf(...sources);
}

/** @throws ParseError for a flag of a registry, if the side has only folders and files */
function rejectRegistryFlags(side: CommandSide): void {
  const { name, referrers } = side;
  const [flag] = listSideFlags(side);
  if (flag === undefined || !isLocal(name) || referrers && !isLocal(referrers)) return;
  throw new ParseError(`${flag} has no use for ${name.registry}, which is not a registry`);
}

async function readCaCertificates(
  path: string,
  option: string,
  environment: CliEnvironment,
): Promise<string[]> {
  const certificates = parseCertificates(await readOptionFile(path, option, environment));
  if (certificates) return certificates;
  throw new ParseError(`${option} ${path}: no certificate found`, {
    hint: EXPECTED_PEM,
  });
}

/**
 * The credentials in the config files of this machine.
 *
 * @param names the registries and repositories that requests will go to
 * @throws ParseError for a file that cannot be used
 */
export async function openDockerConfig(
  names: readonly RegistryName[],
  authfile: Authfile | undefined,
  environment: CliEnvironment,
): Promise<CredentialSources> {
  const { env, readTextFile } = environment;
  const options = { env, authfile, readTextFile: (path: string) => readTextFile(path) };
  // The engine looks up a credential only when a registry requires one. Look up each now, so that an invalid file is
  // reported before any request is sent. Helpers are not run for that: some take a second.
  const sources = dockerConfigSources({ ...options, runHelper: skipHelper });
  for (const { registry, repository } of names) await sources.lookup(registry, repository);
  const runHelper: RunHelper = (helper, registry) => runCredentialHelper(helper, registry, { env });
  return dockerConfigSources({ ...options, runHelper });
}

const skipHelper: RunHelper = () => {
  const credential: Credential = { kind: "registry_token", token: "" };
  return Promise.resolve(credential);
};
