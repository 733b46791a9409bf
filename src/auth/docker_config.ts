/**
 * Docker's config.json and the auth.json of Podman and Skopeo, which have the same shape: text in, credentials out.
 *
 * Which member counts, compared with the two that wrote such files first:
 * - docker/cli (cli/config/configfile/file.go, getConfiguredCredentialStore): credHelpers for the host; else credsStore;
 *   else auths, by host only. A helper that knows nothing means no credential. `""` in credHelpers turns credsStore off.
 * - containers/image (pkg/docker/config/config.go, findAuthentication): credHelpers for the host; else auths by
 *   repository, namespaces, host. It does not read credsStore.
 *
 * Here: auths for a namespace or repository, then credHelpers, credsStore, auths for the host. The first differs from
 * containers/image because whoever writes a key that is narrower than the host means just that repository, and no
 * helper can answer for less than a host. Where a helper knows nothing, auths for the host is still there to be used.
 */

import * as z from "zod";
import { ParseError } from "../errors.ts";
import { findLongestKey, showKey, toCredential } from "./credentials.ts";
import type { Credential } from "./credentials.ts";

/** What a config file says about credentials. Entries are in the order and spelling of the file. */
export interface DockerConfig {
  /** The file's name, for people. */
  from: string;
  /** Undefined for `{}`, which says only that a login took place: its secret is with the credsStore. */
  auths: readonly (readonly [key: string, credential: Credential | undefined])[];
  credHelpers: readonly (readonly [key: string, helper: string])[];
  credsStore: string | undefined;
}

/** A credential in the file, under this key of `auths`. */
export interface StoredAuth {
  key: string;
  credential: Credential;
}

/** A program to ask, `docker-credential-<helper>`. */
export interface HelperAuth {
  /** The key of `credHelpers`; undefined if it is the `credsStore`. */
  key: string | undefined;
  helper: string;
  /** What to use if the helper knows nothing. */
  fallback?: StoredAuth;
}

/** Go programs write null for what is absent. */
const text = z.string().nullish();

const entrySchema = z.object({
  auth: text,
  username: text,
  password: text,
  registrytoken: text,
  identitytoken: text,
});

const configSchema = z.object({
  auths: z.record(z.string(), entrySchema.nullish()).nullish(),
  credHelpers: z.record(z.string(), text).nullish(),
  credsStore: text,
});

/**
 * Reads a config file. Members that do not concern credentials are ignored; an empty file is an empty config.
 *
 * @param from the file's name, for messages
 * @throws {ParseError} naming the file and the key, and never with a secret in it
 */
export function parseDockerConfig(text: string, from: string): DockerConfig {
  const file = text.replace(/^\uFEFF/, "");
  const { auths, credHelpers, credsStore } = file.trim() === "" ? {} : parseConfig(file, from);
  return {
    from,
    auths: Object.entries(auths ?? {}).map(([key, entry]) =>
      [key, entry ? readEntry(entry, `${from}: auths ${showKey(key)}`) : undefined] as const
    ),
    credHelpers: Object.entries(credHelpers ?? {}).map(([key, helper]) =>
      [key, helper ?? ""] as const
    ),
    credsStore: credsStore || undefined,
  };
}

/**
 * What the config has for a repository: a credential, a helper that has to be asked, or nothing.
 * The comment at the top says which goes before which.
 */
export function findAuth(
  config: DockerConfig,
  registry: string,
  repository: string | undefined,
): StoredAuth | HelperAuth | undefined {
  const withCredential = config.auths.flatMap(([key, credential]) =>
    credential === undefined ? [] : [[key, credential] as const]
  );
  const stored = findLongestKey(withCredential, registry, repository);
  const auth = stored && { key: stored.key, credential: stored.value };
  if (stored !== undefined && stored.path.length > 0) return auth;

  const forHost = findLongestKey(config.credHelpers, registry, undefined);
  const helper = forHost === undefined ? config.credsStore : forHost.value;
  if (helper === undefined || helper === "") return auth;
  return { key: forHost?.key, helper, ...(auth && { fallback: auth }) };
}

function readEntry(
  { auth, username, password, registrytoken, identitytoken }: z.output<typeof entrySchema>,
  where: string,
): Credential | undefined {
  const [user = "", secret = ""] = auth
    ? decodeAuth(auth, `${where}: auth`)
    : [username ?? "", password ?? ""];
  if (registrytoken) return { kind: "registry_token", token: registrytoken };
  if (identitytoken) {
    const hasUser = user !== "" && user !== "<token>";
    return { kind: "identity_token", token: identitytoken, ...(hasUser && { username: user }) };
  }
  // A user name alone is what is left of a login whose secret went to the credsStore.
  return secret === "" ? undefined : toCredential(user, secret);
}

/** `auth` is base64 of `username:password`; the password may hold colons. */
function decodeAuth(auth: string, where: string): [username: string, password: string] {
  let decoded: string;
  try {
    const bytes = Uint8Array.from(atob(auth), (char) => char.charCodeAt(0));
    decoded = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    // Without its cause, which could quote the secret.
    throw new ParseError(`${where}: want base64 of username:password, got something else`);
  }
  const colon = decoded.indexOf(":");
  if (colon < 0) {
    throw new ParseError(`${where}: want base64 of username:password, there is no colon in it`);
  }
  // Docker once padded with zero bytes, and still takes them off.
  return [decoded.slice(0, colon), decoded.slice(colon + 1).replaceAll("\0", "")];
}

function parseConfig(file: string, from: string): z.output<typeof configSchema> {
  const { data, error } = configSchema.safeParse(parseJson(file, from), {
    error: ({ expected, input }) =>
      `want ${expected === "string" ? "a string" : "an object"}, got ${showType(input)}`,
  });
  if (data) return data;
  const { path = [], message } = error.issues[0] ?? {};
  throw new ParseError(`${[from, ...showPath(path)].join(": ")}: ${message}`);
}

/** The member, with the key of an entry beside it: `auths "ghcr.io"`, `auth`. */
function showPath([member, key, ...rest]: readonly PropertyKey[]): PropertyKey[] {
  if (member === undefined) return [];
  return [key === undefined ? member : `${String(member)} ${showKey(String(key))}`, ...rest];
}

function parseJson(text: string, from: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Without its cause: V8 quotes the text around the mistake, and that may be a secret.
    throw new ParseError(`${from}: not JSON`, { hint: "check it for a missing quote or comma" });
  }
}

/** The type alone, because the value may be a secret. */
function showType(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a value of type ${typeof value}`;
}
