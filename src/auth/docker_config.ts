/**
 * Parses Docker's config.json, and the auth.json of Podman and Skopeo, which has the same format.
 *
 * The order of the members in the two original implementations:
 * - docker/cli (cli/config/configfile/file.go, getConfiguredCredentialStore): credHelpers for the host; else credsStore;
 *   else auths, by host only. If a helper finds nothing, there is no credential. `""` in credHelpers disables credsStore.
 * - containers/image (pkg/docker/config/config.go, findAuthentication): credHelpers for the host; else auths by
 *   repository, namespaces, host. It does not read credsStore.
 *
 * The order here: auths for a namespace or repository, then credHelpers, credsStore, auths for the host. Unlike in
 * containers/image, auths for a namespace or repository come first, because such a key selects only that repository, and a
 * helper only knows whole hosts. If a helper finds nothing, auths for the host is used.
 */

import * as z from "zod";
import { ParseError } from "../errors.ts";
import { safeParse } from "../schema.ts";
import { findLongestKey, showKey, toCredential } from "./credentials.ts";
import type { Credential } from "./credentials.ts";

/** The credentials of a config file. Entries keep the order and spelling of the file. */
export interface DockerConfig {
  /** The name of the file, used in messages. */
  from: string;
  /** The credential is undefined for `{}`: its secret is in the credsStore. */
  auths: readonly (readonly [key: string, credential: Credential | undefined])[];
  credHelpers: readonly (readonly [key: string, helper: string])[];
  credsStore: string | undefined;
}

/** A credential in the file and its key in `auths`. */
export interface StoredAuth {
  key: string;
  credential: Credential;
}

/** A credential helper to run, `docker-credential-<helper>`. */
export interface HelperAuth {
  /** The key in `credHelpers`; undefined for the `credsStore`. */
  key: string | undefined;
  helper: string;
  /** Used if the helper finds nothing. */
  fallback?: StoredAuth;
}

/** Go programs write null for an absent value. */
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
 * Parses a config file. Ignores members without credentials. An empty file is an empty config.
 *
 * @param from the name of the file, used in messages
 * @throws {ParseError} naming the file and the key; the message contains no secret
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
 * Finds the credential or the credential helper for a repository. The comment at the top of this file explains the order.
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
  // A user name without a secret: the secret is in the credsStore.
  return secret === "" ? undefined : toCredential(user, secret);
}

/** `auth` is base64 of `username:password`; the password may hold colons. */
function decodeAuth(auth: string, where: string): [username: string, password: string] {
  let decoded: string;
  try {
    const bytes = Uint8Array.from(atob(auth), (char) => char.charCodeAt(0));
    decoded = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    // Without a cause, which could quote the secret.
    throw new ParseError(`${where}: expected base64 of username:password`);
  }
  const colon = decoded.indexOf(":");
  if (colon < 0) {
    throw new ParseError(`${where}: expected base64 of username:password, got no colon`);
  }
  // Docker used to pad with zero bytes, and still removes them.
  return [decoded.slice(0, colon), decoded.slice(colon + 1).replaceAll("\0", "")];
}

function parseConfig(file: string, from: string): z.output<typeof configSchema> {
  const { data, error } = safeParse(configSchema, parseJson(file, from), { quotes: false });
  if (data) return data;
  const { path = [], message } = error.issues[0] ?? {};
  throw new ParseError(`${[from, ...showPath(path)].join(": ")}: ${message}`);
}

/** Joins the member with the key of its entry: `auths "ghcr.io"`, `auth`. */
function showPath([member, key, ...rest]: readonly PropertyKey[]): PropertyKey[] {
  if (member === undefined) return [];
  return [key === undefined ? member : `${String(member)} ${showKey(String(key))}`, ...rest];
}

function parseJson(text: string, from: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Without a cause: V8 quotes the text around the error, which may be a secret.
    throw new ParseError(`${from}: not JSON`, { hint: "check it for a missing quote or comma" });
  }
}
