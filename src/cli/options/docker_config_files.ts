/** Where Docker, Podman and Skopeo keep credentials on a machine, read in the order in which they look. */

import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { describeMiss, firstOf, showKey } from "../../auth/credentials.ts";
import type { CredentialMatch, CredentialSources } from "../../auth/credentials.ts";
import { findAuth, parseDockerConfig } from "../../auth/docker_config.ts";
import type { DockerConfig } from "../../auth/docker_config.ts";
import { ParseError } from "../../errors.ts";
import type { RunHelper } from "./credential_helper.ts";

/** What decides which files are read. */
export interface DockerConfigSourcesOptions {
  /** DOCKER_AUTH_CONFIG, REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, DOCKER_CONFIG and HOME are read; "" is as not set. */
  env: Readonly<Record<string, string | undefined>>;
  /** @default `$HOME`, or what the operating system says */
  homeDirectory?: string | undefined;
  /** `--authfile`: this file alone, and it must be there. */
  authfile?: string | undefined;
  runHelper: RunHelper;
  /** For tests. Rejects with an error whose `code` is `ENOENT` for a file that is not there. */
  readTextFile?: ((path: string) => Promise<string>) | undefined;
}

/** A place to look: its name for people, and how to have its text, undefined if nothing is there. */
interface Place {
  from: string;
  read(): Promise<string | undefined>;
}

/**
 * The credentials on this machine: `--authfile` alone if it is given; else `$DOCKER_AUTH_CONFIG` (JSON itself),
 * `$REGISTRY_AUTH_FILE`, `$XDG_RUNTIME_DIR/containers/auth.json`, and `$DOCKER_CONFIG/config.json` or
 * `~/.docker/config.json`. The first that has a match wins. A file is read once, when a lookup first gets to it.
 *
 * A lookup throws ParseError for a file that is there and cannot be used: going on would copy as somebody else.
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
    const place = file(`--authfile ${authfile}`, () => authfile);
    return [{ ...place, read: () => place.read().then((text) => text ?? refuseMissing(place)) }];
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
        misses.set(registry, "not there");
        return undefined;
      }
      const result = await ask(config, runHelper, registry, repository);
      if (typeof result !== "string") return result;
      misses.set(registry, result);
      return undefined;
    },
    describe(registry = last): string[] {
      return [`${place.from}: ${misses.get(registry) ?? "not looked at"}`];
    },
  };
}

/** The match, or why there is none. */
async function ask(
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
  if (found.fallback === undefined) return `${program} knows nothing of ${registry}`;
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
      ...(flag && { hint: `allow it with ${flag}` }),
    });
  }
}

function refuseMissing(place: Place): never {
  throw new ParseError(`${place.from}: there is no such file`);
}

function readUtf8(path: string): Promise<string> {
  return readFile(path, "utf8");
}

function findHome(options: DockerConfigSourcesOptions): string {
  return options.homeDirectory || options.env["HOME"] || homedir();
}
