/** One side's flags as the engine takes them. */
import { firstOf, staticCredentials } from "../../auth/credentials.ts";
import type { Credential, CredentialSources } from "../../auth/credentials.ts";
import { ParseError } from "../../errors.ts";
import type { Reference } from "../../oci/reference.ts";
import type { SideOptions } from "../../sides.ts";
import { readCaCertificates } from "./ca_certificates.ts";
import { runCredentialHelper } from "./credential_helper.ts";
import type { RunHelper } from "./credential_helper.ts";
import { dockerConfigSources } from "./docker_config_files.ts";
import type { CliEnvironment } from "../environment.ts";
import { readGivenCredential } from "./given_credentials.ts";
import type { NamedSideFlags } from "./side_flags.ts";

/** What a side is about: its registry, and the repository if one is meant. */
export type SideName = Pick<Reference, "registry"> & Partial<Pick<Reference, "repository">>;

/** A side's flags and what they are about: one registry, and no other that referrers are in. */
export interface SideInput {
  readonly named: NamedSideFlags;
  readonly name: SideName;
  /** Where referrers are, if that is another repository. */
  readonly referrers?: SideName | undefined;
}

/**
 * Reads what a side's flags point to: certificates, credentials, config files.
 *
 * @throws ParseError for whatever cannot be used; nothing has been sent then
 */
export async function readSideOptions(
  { named, name, referrers }: SideInput,
  authfile: string | undefined,
  environment: CliEnvironment,
): Promise<SideOptions> {
  const { prefix, flags: { tls, ca } } = named;
  if (tls === "off" && ca !== undefined) {
    throw new ParseError(`${prefix}ca and ${prefix}tls off exclude each other`);
  }
  const caCerts = ca === undefined
    ? undefined
    : await readCaCertificates(ca, `${prefix}ca`, environment);
  const { registry } = name;
  const given = await readGivenCredential(named, environment);
  const sources = given ? [staticCredentials(given.credential, given.from, { registry })] : [];
  const open = [name, ...(referrers ? [referrers] : [])]
    .filter((name) => !given || name.registry !== registry);
  if (open.length > 0) sources.push(await openDockerConfig(open, authfile, environment));
  return {
    credentials: firstOf(...sources),
    ...(tls ? { tls: (asked: string) => asked === registry ? tls : undefined } : {}),
    ...(caCerts ? { caCerts } : {}),
  };
}

/**
 * The credentials on this machine.
 *
 * @param names what is going to be asked for
 * @throws ParseError for a file that cannot be used
 */
export async function openDockerConfig(
  names: readonly SideName[],
  authfile: string | undefined,
  environment: CliEnvironment,
): Promise<CredentialSources> {
  const { env, readTextFile } = environment;
  const options = { env, authfile, readTextFile: (path: string) => readTextFile(path) };
  // The engine looks when a registry asks; a file that cannot be used has to be told before anything is sent. Helpers
  // are left alone until then: some take a second.
  const sources = dockerConfigSources({ ...options, runHelper: answerAtOnce });
  for (const { registry, repository } of names) await sources.lookup(registry, repository);
  const runHelper: RunHelper = (helper, registry) => runCredentialHelper(helper, registry, { env });
  return dockerConfigSources({ ...options, runHelper });
}

const answerAtOnce: RunHelper = () => {
  const credential: Credential = { kind: "registry_token", token: "" };
  return Promise.resolve(credential);
};
