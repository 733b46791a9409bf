/** What `creds` say of registries: who we are there, and how to speak to them. */
import { describeMiss, toCredential } from "../auth/credentials.ts";
import type { Credential, CredentialMatch, CredentialSources } from "../auth/credentials.ts";
import { parseRegistry } from "../oci/reference.ts";
import type { TlsMode } from "../sides.ts";
import type { Mistakes, Path } from "./mistakes.ts";
import type { RenderAt } from "./render_at.ts";
import type { RawCreds } from "./schema.ts";

/** What is known of one registry. Holds a secret: not for logs. */
export interface RegistrySettings {
  /** In its one spelling: `docker.io`, `localhost:5000`. */
  readonly registry: string;
  readonly credential?: Credential;
  readonly tls?: TlsMode;
  readonly requestsPerSecond?: number;
  readonly concurrentRequests?: number;
}

/** `creds`, read. */
export interface Registries {
  readonly settings: readonly RegistrySettings[];
  /** What names of the file stand for another host: by `hostname`. */
  readonly aliases: ReadonlyMap<string, string>;
}

const TLS: Readonly<Record<NonNullable<RawCreds["tls"]>, TlsMode>> = {
  enabled: "on",
  insecure: "unverified",
  disabled: "off",
};

/** Reads entries of `creds`; those that are undefined had mistakes already. */
export function readRegistries(
  creds: readonly (RawCreds | undefined)[],
  mistakes: Mistakes,
  render: RenderAt,
): Registries {
  const settings = new Map<string, RegistrySettings>();
  const aliases = new Map<string, string>();
  creds.forEach((entry, i) => {
    const path = ["creds", i];
    const name = entry && readName([...path, "registry"], entry.registry, mistakes, render);
    if (!entry) return;
    const host = entry.hostname === undefined
      ? name
      : readName([...path, "hostname"], entry.hostname, mistakes, render);
    const read = readSettings(host ?? "", entry, path, mistakes, render);
    if (name === undefined || host === undefined) return;
    if (host !== name) aliases.set(name, host);
    const known = settings.get(host);
    if (known?.credential && read.credential) {
      mistakes.add(path, `there is a credential for ${host} already, and it can have but one`);
    } else if (known) {
      mistakes.warn(path, `${host} stands in creds already; both are taken together`);
    }
    settings.set(host, { ...known, ...read });
  });
  return { settings: [...settings.values()], aliases };
}

function readName(
  path: Path,
  text: string,
  mistakes: Mistakes,
  render: RenderAt,
): string | undefined {
  const name = render(path, text, {});
  // Docker's own key for its registry, which its config has, too.
  const isHub = name === "https://index.docker.io/v1/";
  return name === undefined
    ? undefined
    : mistakes.try(path, () => isHub ? "docker.io" : parseRegistry(name));
}

function readSettings(
  registry: string,
  entry: RawCreds,
  path: Path,
  mistakes: Mistakes,
  render: RenderAt,
): RegistrySettings {
  const { tls, reqPerSec, reqConcurrent } = entry;
  const credential = readCredential(entry, path, mistakes, render);
  return {
    registry,
    ...(credential ? { credential } : {}),
    ...(tls ? { tls: TLS[tls] } : {}),
    ...(reqPerSec ? { requestsPerSecond: reqPerSec } : {}),
    ...(reqConcurrent ? { concurrentRequests: reqConcurrent } : {}),
  };
}

function readCredential(
  { user, pass, token }: RawCreds,
  path: Path,
  mistakes: Mistakes,
  render: RenderAt,
): Credential | undefined {
  const read = (key: string, text: string | undefined): string | undefined =>
    text === undefined ? undefined : render([...path, key], text, {});
  const username = read("user", user);
  const password = read("pass", pass);
  const refresh = read("token", token);
  if (pass !== undefined && user === undefined) mistakes.add([...path, "pass"], "user is missing");
  if (user !== undefined && pass === undefined && token === undefined) {
    mistakes.add([...path, "user"], "pass or token is missing");
  }
  if (refresh !== undefined) {
    return { kind: "identity_token", token: refresh, ...(username ? { username } : {}) };
  }
  return username === undefined || password === undefined
    ? undefined
    : toCredential(username, password);
}

/**
 * The credentials of a config, for both sides of a copy.
 *
 * @param from the file, for people: `crossdock.yaml`
 */
export function registryCredentials(
  settings: readonly RegistrySettings[],
  from: string,
): CredentialSources {
  const withCredential = settings.filter(({ credential }) => credential !== undefined);
  const names = withCredential.map(({ registry }) => registry);
  let last = "";
  return {
    lookup(registry): Promise<CredentialMatch | undefined> {
      last = registry;
      const found = withCredential.find((entry) => entry.registry === registry)?.credential;
      const match = found && { credential: found, from: `${from} (creds "${registry}")` };
      return Promise.resolve(match);
    },
    describe: (registry = last) => [`${from}: ${describeMiss(names, registry)}`],
  };
}
