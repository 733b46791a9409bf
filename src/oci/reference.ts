/**
 * Parses and formats references to images and artifacts, by the rules of Docker.
 *
 * ```text
 * reference  := [ "docker://" ] name [ ":" tag ] [ "@" digest ]
 * name       := [ registry "/" ] repository
 * registry   := host [ ":" port ]
 * host       := label { "." label } | "[" IPv6 address "]"
 * repository := component { "/" component }
 * ```
 *
 * A reference may also name a folder or a file, see `_local_names.ts`.
 *
 * The first component is a registry if it contains `.` or `:`, is `localhost`, or has upper-case letters. Otherwise the registry
 * is docker.io. https://github.com/distribution/reference/blob/v0.6.0/normalize.go
 */

import { ParseError } from "../errors.ts";
import { quote } from "./quote.ts";
import { isLocalRegistry, parseLocalName } from "./_local_names.ts";
import { redactCredentials, rejectOtherTransports, rejectPaths } from "./_reference_mistakes.ts";
import type { Fail } from "./_reference_mistakes.ts";
import type { Digest } from "./digest.ts";
import { findDigestFault, isDigest } from "./digest.ts";

/** A parsed reference `registry/repository[:tag][@digest]`, each part in its canonical spelling. */
export interface Reference {
  /** Host with optional port: `docker.io`, `localhost:5000`, `[::1]:5000`. Or a folder or file: `oci:./app`, see {@linkcode isLocal}. */
  readonly registry: string;
  /** Path within the registry: `library/alpine`. In a folder or file, the name before the tag; mostly "". */
  readonly repository: string;
  /** Absent if the text has none; see {@linkcode withDefaultTag}. */
  readonly tag?: string;
  /** Absent if the text has none. */
  readonly digest?: Digest;
}

/** The limit of distribution/reference, without the registry. */
const MAX_REPOSITORY_LENGTH = 255;
/** Longer than the longest host, repository, tag and digest together. Bounds the work on hostile text. */
const MAX_REFERENCE_LENGTH = 1024;

const LABEL = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?";
const HOST_NAME = `${LABEL}(?:\\.${LABEL})*`;
const IPV6 = "\\[[0-9a-f:]+\\]";
const REGISTRY = new RegExp(`^(?<host>${HOST_NAME}|${IPV6})(?::(?<port>[0-9]+))?$`);
const IPV4 = "[0-9]{1,3}(?:\\.[0-9]{1,3}){3}";
const ONLY_REGISTRY = new RegExp(`^(?:localhost|${IPV4}|${IPV6})(?::[0-9]+)?$`, "i");
const COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

const DOCKER_HUB = "docker.io";
const DOCKER_HUB_ENDPOINT = "registry-1.docker.io";
const DOCKER_HUB_NAMES = [DOCKER_HUB, "index.docker.io", DOCKER_HUB_ENDPOINT];

/**
 * Parses a reference and returns its canonical spelling: `alpine` gives docker.io and library/alpine. It does not add a default
 * tag, see {@linkcode withDefaultTag}.
 *
 * Unlike Docker, it accepts registry-1.docker.io for docker.io, and lower-cases the registry if the result is still a registry.
 * Credentials and rules can then match a host by one spelling.
 *
 * @throws {ParseError} with a hint for common mistakes
 */
export function parseReference(text: string): Reference {
  if (text.length > MAX_REFERENCE_LENGTH) {
    throw new ParseError(
      `parse reference of ${text.length} characters: it is too long, expected at most ${MAX_REFERENCE_LENGTH}`,
    );
  }
  const fail = failFor(text);
  const local = parseLocalName(text, fail);
  if (local) {
    const { registry, repository, tag, digest } = local;
    return {
      registry,
      repository,
      ...(tag === undefined ? {} : { tag: checkTag(tag, fail) }),
      ...(digest === undefined ? {} : { digest: checkDigest(digest, fail) }),
    };
  }
  rejectPaths(text, fail);
  rejectUnprintable(text, fail);
  rejectOtherTransports(text, fail);
  const bare = text.startsWith("docker://") ? text.slice("docker://".length) : text;

  const at = bare.indexOf("@");
  const named = at < 0 ? bare : bare.slice(0, at);
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  if (ONLY_REGISTRY.test(named) || named === "") {
    fail("the repository is missing", "write registry/repository:tag");
  }
  const name = colon < 0 ? named : named.slice(0, colon);
  if (/^[0-9a-f]{64}$/.test(bare) || isDigest(bare)) {
    const digest = isDigest(bare) ? bare : `sha256:${bare}`;
    fail("it is a digest without a repository", `write registry/repository@${digest}`);
  }
  return {
    ...parseName(name, fail),
    ...(colon < 0 ? {} : { tag: checkTag(named.slice(colon + 1), fail) }),
    ...(at < 0 ? {} : { digest: checkDigest(bare.slice(at + 1), fail) }),
  };
}

/**
 * Parses a repository: a reference without tag and digest.
 *
 * @throws {ParseError} also for a tag or a digest
 */
export function parseRepository(text: string): Reference {
  const reference = parseReference(text);
  const { tag, digest } = reference;
  if (tag === undefined && digest === undefined) return reference;
  const extra = tag === undefined ? "digest" : "tag";
  return failFor(text)(
    `it has a ${extra}, expected a repository only`,
    `write ${formatReference({ registry: reference.registry, repository: reference.repository })}`,
  );
}

/** Whether the text is a valid path of a repository within a registry: `library/alpine`. */
export function isRepositoryPath(text: string): boolean {
  return text.length <= MAX_REPOSITORY_LENGTH && REPOSITORY.test(text);
}

/** Whether the text is a valid tag. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

/**
 * Parses the name of a registry and returns its canonical spelling: `index.docker.io` gives docker.io.
 *
 * @throws {ParseError} also for a single word, which in a reference is a repository of Docker Hub
 */
export function parseRegistry(text: string): string {
  const fail = failFor(text);
  rejectUnprintable(text, fail);
  if (text.includes("/")) {
    const [name = ""] = text.replace(/^[a-z]+:\/\//i, "").split("/");
    // Without a username and password.
    const host = name.replace(/^.*@/s, "");
    const problem = text.includes("://")
      ? "a registry has no URL scheme"
      : "it has a path, expected a registry only";
    fail(problem, `write ${host || "a host name with a dot, or with a port"}`);
  }
  if (!isRegistryComponent(text)) {
    fail("it is not a registry", "write a host name with a dot, or with a port");
  }
  const registry = checkRegistry(text, fail);
  return DOCKER_HUB_NAMES.includes(registry) ? DOCKER_HUB : registry;
}

/** Adds the tag `latest` to a reference without tag and digest. */
export function withDefaultTag(reference: Reference): Reference {
  if (reference.tag !== undefined || reference.digest !== undefined) return reference;
  return { ...reference, tag: "latest" };
}

/** The full reference, without `docker://`: `docker.io/library/alpine:3.20@sha256:…`, or `oci:./app:1`. */
export function formatReference(reference: Reference): string {
  const { registry, repository, tag, digest } = reference;
  const name = isLocal(reference)
    ? registry + (repository && `:${repository}`)
    : `${registry}/${repository}`;
  // A folder of `dir:` has one image, without a tag.
  const hasTag = tag !== undefined && !(isLocal(reference) && registry.startsWith("dir:"));
  return name + (hasTag ? `:${tag}` : "") + (digest === undefined ? "" : `@${digest}`);
}

/** Whether the reference names a folder or a file. */
export function isLocal({ registry }: Pick<Reference, "registry">): boolean {
  return isLocalRegistry(registry);
}

/** The API host of a registry, with its port if any. The API of docker.io is at registry-1.docker.io. */
export function registryEndpointHost(registry: string): string {
  return registry === DOCKER_HUB ? DOCKER_HUB_ENDPOINT : registry;
}

/** Whether the registry is on this machine: localhost and its subdomains, 127.0.0.0/8 and ::1, with or without a port. */
export function isLoopbackRegistry(registry: string): boolean {
  const host = registry.toLowerCase().replace(/:[0-9]+$/, "");
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" ||
    /^127(?:\.[0-9]{1,3}){3}$/.test(host) || /^\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\]$/.test(host);
}

/** Whether both references have the same registry and repository. Tags and digests are ignored. */
export function equalRepositories(a: Reference, b: Reference): boolean {
  return a.registry === b.registry && a.repository === b.repository;
}

function failFor(text: string): Fail {
  return (fault, hint): never => {
    const message = `parse reference ${quote(redactCredentials(text))}: ${fault}`;
    throw new ParseError(message, hint === undefined ? {} : { hint });
  };
}

function rejectUnprintable(text: string, fail: Fail): void {
  if (text === "") fail("it is empty", "write registry/repository:tag");
  if (/\s/.test(text)) fail("it contains white space");
  if (/[^\x21-\x7e]/.test(text)) fail("it contains a character that is not printable ASCII");
}

function parseName(name: string, fail: Fail): { registry: string; repository: string } {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  if (slash === 0) fail("it starts with a slash", "write registry/repository:tag");
  const hasRegistry = isRegistryComponent(first);
  const registry = hasRegistry ? checkRegistry(first, fail) : DOCKER_HUB;
  const path = hasRegistry
    ? checkRepository(name.slice(slash + 1), `${first}/`, fail)
    : checkRepository(name, "", fail);
  const isOnDockerHub = DOCKER_HUB_NAMES.includes(registry);
  const repository = isOnDockerHub && !path.includes("/") ? `library/${path}` : path;
  if (repository.length > MAX_REPOSITORY_LENGTH) {
    fail(
      `its repository has ${repository.length} characters, expected at most ${MAX_REPOSITORY_LENGTH}`,
    );
  }
  return { registry: isOnDockerHub ? DOCKER_HUB : registry, repository };
}

/** Whether the component before the first slash is a registry, or else part of a repository on Docker Hub. */
function isRegistryComponent(text: string): boolean {
  return /[.:A-Z]/.test(text) || text === "localhost";
}

function checkRegistry(text: string, fail: Fail): string {
  const lower = text.toLowerCase();
  const { host, port } = REGISTRY.exec(lower)?.groups ?? {};
  if (host === undefined) {
    return fail(
      `${quote(text)} is not a registry, expected a host name or IP address with an optional port`,
    );
  }
  if (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65535)) {
    fail(`port ${quote(port)} is out of range, expected 1 to 65535`);
  }
  // Requests use the URL parser. It reads hosts such as 127.1 or 2130706433 as other addresses, which would bypass every check of
  // names.
  const url = `http://${host}/`;
  const parsed = URL.canParse(url) ? new URL(url).hostname : undefined;
  if (parsed === undefined) return fail(`${quote(host)} is not a valid host name or IP address`);
  if (parsed !== host && !host.startsWith("[")) {
    fail(`${quote(host)} is another spelling of ${parsed}`, `write ${parsed}`);
  }
  if (port !== undefined) return `${parsed}:${Number(port)}`;
  // `Foo/bar` has the host foo only with the capital letter: foo/bar is a repository of Docker Hub.
  return isRegistryComponent(parsed) ? parsed : text;
}

/** @param registry what was written before it, with the slash */
function checkRepository(text: string, registry: string, fail: Fail): string {
  if (text === "") fail("the repository is missing", "write registry/repository:tag");
  if (REPOSITORY.test(text)) return text;
  if (/[A-Z]/.test(text)) {
    fail("its repository has upper-case letters", `write ${registry}${text.toLowerCase()}`);
  }
  if (text.split("/").includes("")) {
    const path = text.split("/").filter((component) => component !== "").join("/");
    fail("its repository has an empty component", `write ${registry}${path || "repository"}`);
  }
  return fail(
    "its repository is malformed, expected components of a-z and 0-9, with ., _, __ or dashes only between them",
  );
}

function checkTag(tag: string, fail: Fail): string {
  if (TAG.test(tag)) return tag;
  if (tag === "") fail("its tag is empty", "write a tag after the colon, or leave the colon out");
  if (tag.length > 128) fail(`its tag has ${tag.length} characters, expected at most 128`);
  return fail(
    `its tag ${
      quote(tag)
    } is malformed, expected letters, digits, _ . and -, and no . or - at the start`,
    /[*?{[,:]/.test(tag)
      ? "a reference has one tag; to copy several, use crossdock copy --all-tags, or a rule of crossdock sync with tags.allow"
      : undefined,
  );
}

function checkDigest(text: string, fail: Fail): Digest {
  if (isDigest(text)) return text;
  return fail(
    `its digest is malformed: ${findDigestFault(text)}`,
    isTag(text) ? `write a tag after a colon: repository:${text}` : undefined,
  );
}
