/** Turns one side's flags into the options of the engine. */
import { anonymousAccess, firstOf, staticCredentials } from "../../auth/credentials.ts";
import type { Credential, CredentialSources } from "../../auth/credentials.ts";
import { ParseError } from "../../errors.ts";
import { isLocal } from "../../oci/reference.ts";
import type { SideOptions } from "../../sides.ts";
import type { CliEnvironment } from "../environment.ts";
import { openCloudKeys, openEcrCreation } from "./cloud_keys.ts";
import { runCredentialHelper } from "../../credentials/credential_helper.ts";
import type { RunHelper } from "../../credentials/credential_helper.ts";
import { dockerConfigSources } from "../../credentials/docker_config_files.ts";
import type { Authfile } from "../../credentials/docker_config_files.ts";
import { readFlagCredential } from "./flag_credential.ts";
import { readCertificates } from "./read_certificates.ts";
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
  const { flags: { tls }, name } = side;
  rejectRegistryFlags(side);
  const { caCerts, clientCertificate } = await readCertificates(side, environment);
  // As in a config, a registry with a certificate has TLS, also on loopback.
  const mode = tls ?? (caCerts || clientCertificate ? "on" : undefined);
  const { registry } = name;
  const createRepository = side.prefix === "--dest-" ? openEcrCreation(environment) : undefined;
  return {
    credentials: await openCredentials(side, authfile, environment),
    ...(mode ? { tls: (host: string) => host === registry ? mode : undefined } : {}),
    ...(caCerts ? { caCerts } : {}),
    ...(clientCertificate
      ? { clientCertificate: (host: string) => host === registry ? clientCertificate : undefined }
      : {}),
    ...(createRepository ? { createRepository } : {}),
  };
}

/** The credential of the flags. For the other registries of the side: the authfile, or else Docker's files and the keys of clouds. */
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
    if (!file) sources.push(openCloudKeys(environment));
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
