/** Reads credentials from the files of Docker, Podman and Skopeo, in the order in which these tools search them. */

import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { describeMiss, firstOf, showKey } from "../auth/credentials.ts";
import type { CredentialMatch, CredentialSources } from "../auth/credentials.ts";
import { findAuth, parseDockerConfig } from "../auth/docker_config.ts";
import type { DockerConfig } from "../auth/docker_config.ts";
import { ParseError } from "../errors.ts";
import type { RunHelper } from "./credential_helper.ts";

/** Which files are read, and how. */
export interface DockerConfigSourcesOptions {
  /** DOCKER_AUTH_CONFIG, REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, DOCKER_CONFIG and HOME are read; "" counts as not set. */
  env: Readonly<Record<string, string | undefined>>;
  /** @default `$HOME`, or the home directory of the operating system's user */
  homeDirectory?: string | undefined;
  /** Only this file is read, and it must exist. */
  authfile?: Authfile | undefined;
  runHelper: RunHelper;
  /** For tests. Rejects with an error whose `code` is `ENOENT` for a file that does not exist. */
  readTextFile?: ((path: string) => Promise<string>) | undefined;
}

/** The file that an option names. */
export interface Authfile {
  path: string;
  /** The option, for messages: `--authfile`. */
  option: string;
}

/** A place that may hold a config: its name for messages, and its text, which is undefined if it does not exist. */
interface Place {
  from: string;
  read(): Promise<string | undefined>;
}

/**
 * The credentials on this machine. With an authfile only that file is searched. Otherwise these are, in this order:
 * `$DOCKER_AUTH_CONFIG` (the JSON itself), `$REGISTRY_AUTH_FILE`, `$XDG_RUNTIME_DIR/containers/auth.json`, and
 * `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`. The first match wins. A file is read once, when a lookup
 * first needs it.
 *
 * A lookup throws ParseError for a file that exists but cannot be used: to skip it would copy with other credentials.
 */
export function dockerConfigSources(options: DockerConfigSourcesOptions): CredentialSources {
  return firstOf(...listPlaces(options).map((place) => toSource(place, options.runHelper)));
}

function listPlaces(options: DockerConfigSourcesOptions): Place[] {
  const { env, authfile, readTextFile = readUtf8 } = options;
  const file = (from: string, path: () => string): Place => ({
    from,
    read: () => readIfThere(from, path, readTextFile),
  });
  if (authfile !== undefined) {
    const place = file(`${authfile.option} ${authfile.path}`, () => authfile.path);
    return [{ ...place, read: () => place.read().then((text) => text ?? rejectMissing(place)) }];
  }
  const { DOCKER_AUTH_CONFIG, REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, DOCKER_CONFIG } = env;
  return [
    ...(DOCKER_AUTH_CONFIG
      ? [{ from: "$DOCKER_AUTH_CONFIG", read: () => Promise.resolve(DOCKER_AUTH_CONFIG) }]
      : []),
    ...(REGISTRY_AUTH_FILE
      ? [file(`$REGISTRY_AUTH_FILE (${REGISTRY_AUTH_FILE})`, () => REGISTRY_AUTH_FILE)]
      : []),
    ...(XDG_RUNTIME_DIR
      ? [
        file("$XDG_RUNTIME_DIR/containers/auth.json", () =>
          join(XDG_RUNTIME_DIR, "containers", "auth.json")),
      ]
      : []),
    DOCKER_CONFIG
      ? file("$DOCKER_CONFIG/config.json", () => join(DOCKER_CONFIG, "config.json"))
      : file("~/.docker/config.json", () => join(findHome(options), ".docker", "config.json")),
  ];
}

function toSource(place: Place, runHelper: RunHelper): CredentialSources {
  let loading: Promise<DockerConfig | undefined> | undefined;
  const misses = new Map<string, string>();
  let last = "";

  async function load(): Promise<DockerConfig | undefined> {
    const text = await place.read();
    return text === undefined ? undefined : parseDockerConfig(text, place.from);
  }

  return {
    async lookup(registry, repository): Promise<CredentialMatch | undefined> {
      last = registry;
      const config = await (loading ??= load());
      if (config === undefined) {
        misses.set(registry, "not found");
        return undefined;
      }
      const result = await findCredential(config, runHelper, registry, repository);
      if (typeof result !== "string") return result;
      misses.set(registry, result);
      return undefined;
    },
    describe(registry = last): string[] {
      return [`${place.from}: ${misses.get(registry) ?? "not read"}`];
    },
  };
}

/** Returns the match, or why there is none. */
async function findCredential(
  config: DockerConfig,
  runHelper: RunHelper,
  registry: string,
  repository: string | undefined,
): Promise<CredentialMatch | string> {
  const found = findAuth(config, registry, repository);
  if (found === undefined) {
    const keys = [...config.auths, ...config.credHelpers].map(([key]) => key);
    return describeMiss(keys, registry, repository);
  }
  if ("credential" in found) {
    return {
      credential: found.credential,
      from: `${config.from} (auths ${showKey(found.key)})`,
    };
  }
  const program = `docker-credential-${found.helper}`;
  const credential = await runHelper(found.helper, registry);
  if (credential !== undefined) {
    const member = found.key === undefined ? "credsStore" : `credHelpers ${showKey(found.key)}`;
    return { credential, from: `${config.from} (${member}: ${program})` };
  }
  if (found.fallback === undefined) return `${program} has no credential for ${registry}`;
  const { key, credential: stored } = found.fallback;
  return { credential: stored, from: `${config.from} (auths ${showKey(key)})` };
}

async function readIfThere(
  from: string,
  path: () => string,
  readTextFile: (path: string) => Promise<string>,
): Promise<string | undefined> {
  try {
    return await readTextFile(path());
  } catch (cause) {
    const { name, code, message } = cause as { name?: string; code?: string; message?: string };
    // ENOTDIR: a part of the path is a file, as when HOME is /dev/null.
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    const flag = name === "NotCapable" ? /--allow-[a-z]+/.exec(message ?? "")?.[0] : undefined;
    throw new ParseError(`${from}: cannot be read${code === undefined ? "" : ` (${code})`}`, {
      cause,
      ...(flag && { hint: `run Deno with ${flag}` }),
    });
  }
}

function rejectMissing(place: Place): never {
  throw new ParseError(`${place.from}: file not found`);
}

function readUtf8(path: string): Promise<string> {
  return readFile(path, "utf8");
}

function findHome(options: DockerConfigSourcesOptions): string {
  return options.homeDirectory || options.env["HOME"] || homedir();
}
