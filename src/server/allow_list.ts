/** Matches host and repository names against the globs of the allow-lists. */
import picomatch from "picomatch";
import type { ServerConfig } from "../config/server_config.ts";
import { ParseError } from "../errors.ts";
import { quote } from "../oci/quote.ts";
import { formatReference, parseReference, parseRegistry } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import type { SyncRule } from "../sync/rule.ts";

/** Brackets are part of IPv6 addresses. A leading `!` would turn an allow-list into a deny-list. */
const GLOB = { dot: true, nobracket: true, nonegate: true, noextglob: true } as const;

/** Returns a function that checks whether a glob matches a name: `*` within a path component, `**` across components. */
export function createMatcher(globs: readonly string[]): (name: string) => boolean {
  return globs.length === 0 ? () => false : picomatch([...globs], GLOB);
}

/**
 * Rejects globs that match no name, before the server starts.
 *
 * @throws ParseError naming each variable, and what to write
 */
export function rejectUselessGlobs({ allowSources, allowDestinations }: ServerConfig): void {
  const lists = [
    ["CROSSDOCK_ALLOW_SOURCES", allowSources],
    ["CROSSDOCK_ALLOW_DESTINATIONS", allowDestinations],
  ] as const;
  const mistakes = lists.flatMap(([variable, globs]) =>
    globs.flatMap((glob) => {
      const fault = findFault(glob);
      return fault === undefined ? [] : [`${variable}: ${quote(glob)} ${fault}`];
    })
  );
  if (mistakes.length > 0) {
    throw new ParseError(`configuration is not valid: ${mistakes.join("; ")}`);
  }
}

function findFault(glob: string): string | undefined {
  if (glob.startsWith("!")) return "excludes names, expected only names that are allowed";
  if (glob.split("{").length !== glob.split("}").length) {
    return "has half of a pair of braces; a comma ends a glob, so write one glob for each name";
  }
  if (/["'`;|\\<>=$^#]/.test(glob)) {
    return "has a character that no name has; separate globs by commas or spaces, without quotes";
  }
  const repaired = repairGlob(glob);
  if (repaired !== glob) return `matches no repository; write ${repaired}`;
  const [host = "", ...path] = glob.split("/");
  if (/[^\x21-\x7e]|@/.test(glob) || path.some((part) => /^\.{1,2}$|[[\]()]/.test(part))) {
    return "has a character or a part that no name has";
  }
  try {
    if (!/[*?{]/.test(host)) parseRegistry(host);
    return undefined;
  } catch (error) {
    return `matches no repository; ${(error as Error).message}`;
  }
}

/** The registry of a repository has a dot, a port or an upper-case letter, or is localhost. With a wildcard it can be any. */
const REGISTRY = /[.*?{A-Z]|^localhost$|:[0-9*]+$/;

const DIGEST = /@sha(?:256|512):.*$/;

/** A tag after a repository. A digest after a slash is part of the URL of a foreign layer. */
const TAG = /(\/(?!sha(?:256|512):)[^/:]+):[^/:]*$/;

/** A tag after a name without slashes. Only digits are the port of a host. */
const TAG_OF_NAME = /^([^/:[]+):(?![0-9*]+$)[^/:]*$/;

/** Paths of foreign layers, which may have upper-case letters. Names of repositories have none. */
const URL_PATH = /\/$|\.[a-z0-9]+$|^v2\/|sha(?:256|512):/i;

/** The glob that was probably meant. Any glob that can match a repository, or the URL of a foreign layer, stays the same. */
function repairGlob(glob: string): string {
  const name = glob.replace(/^[a-z]+:\/+/i, "").replace(DIGEST, "")
    .replace(TAG, "$1").replace(TAG_OF_NAME, "$1");
  const [host = "", ...components] = name.replace(/^\/+/, "").split("/");
  const written = components.join("/").replace(/^\/+/, "").replace(/\/{2,}/g, "/");
  const path = URL_PATH.test(written) ? written : written.toLowerCase();
  if (!REGISTRY.test(host) && !host.startsWith("[")) {
    return path === "" ? `docker.io/library/${host}` : `docker.io/${host}/${path}`;
  }
  if (/^\*+$/.test(name)) return "**";
  const lower = /[.:]/.test(host) ? host.toLowerCase() : host;
  const registry = /^(index\.|registry-1\.)?docker\.io$/.test(lower) ? "docker.io" : lower;
  if (path === "") return `${registry}/**`;
  if (registry !== "docker.io" || path.includes("/") || path === "**") return `${registry}/${path}`;
  return path === "*" ? "docker.io/**" : `docker.io/library/${path}`;
}

/** The name that the globs match: `registry/repository`. */
export function toRepositoryName({ registry, repository }: Reference): string {
  return formatReference({ registry, repository });
}

/** Globs over the repositories that rules read and write: rules bypass the configured allow-lists. */
export function ruleNames(
  rules: readonly SyncRule[],
): { readonly sources: readonly string[]; readonly destinations: readonly string[] } {
  const toGlob = (name: string, type: SyncRule["type"]): string =>
    type === "registry" ? `${name}/**` : toRepositoryName(parseReference(name));
  return {
    sources: rules.flatMap(({ source, type, copy: { referrerSource } }) => [
      toGlob(source, type),
      ...(referrerSource === undefined ? [] : [toGlob(referrerSource, "repository")]),
    ]),
    destinations: rules.flatMap(({ targets, type, copy: { referrerDestination } }) => [
      ...targets.map((name) => toGlob(name, type)),
      ...(referrerDestination === undefined ? [] : [toGlob(referrerDestination, "repository")]),
    ]),
  };
}
