/**
 * Names of images and artifacts, as Docker reads them.
 *
 * ```text
 * reference  := [ "docker://" ] name [ ":" tag ] [ "@" digest ]
 * name       := [ registry "/" ] repository
 * registry   := host [ ":" port ]
 * host       := label { "." label } | "[" IPv6 address "]"
 * repository := component { "/" component }
 * ```
 *
 * The first component is a registry if it holds `.` or `:`, is `localhost`, or has upper-case letters; else the
 * registry is docker.io. https://github.com/distribution/reference/blob/v0.6.0/normalize.go
 */

import { ParseError } from "../errors.ts";
import { quote } from "./quote.ts";
import { redactCredentials, refuseOtherTransports } from "./_reference_mistakes.ts";
import type { Refuse } from "./_reference_mistakes.ts";
import type { Digest } from "./digest.ts";
import { findDigestFault, isDigest } from "./digest.ts";

/** What is named where: `registry/repository[:tag][@digest]`, every part in its one spelling. */
export interface Reference {
  /** Host and optional port: `docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly registry: string;
  /** The path within the registry: `library/alpine`. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** distribution/reference counts the repository without the registry. */
const MAX_REPOSITORY_LENGTH = 255;
/** More than the longest repository, tag, digest and host name take together; keeps work on hostile text small. */
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
 * Reads a reference and puts it in its one spelling: `alpine` gives docker.io and library/alpine. A tag is not added
 * where none stands, see {@linkcode withDefaultTag}.
 *
 * Other than Docker it takes registry-1.docker.io for docker.io, and writes the registry in lower case where that
 * leaves it recognisable as one: a host has one spelling, so that credentials and rules meet it.
 *
 * @throws {ParseError} with a hint for the usual mistakes
 */
export function parseReference(text: string): Reference {
  if (text.length > MAX_REFERENCE_LENGTH) {
    throw new ParseError(
      `parse reference of ${text.length} characters: it is too long, want at most ${MAX_REFERENCE_LENGTH}`,
    );
  }
  const fail = refuser(text);
  refuseOddCharacters(text, fail);
  refuseOtherTransports(text, fail);
  const bare = text.startsWith("docker://") ? text.slice("docker://".length) : text;

  const at = bare.indexOf("@");
  const named = at < 0 ? bare : bare.slice(0, at);
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  if (ONLY_REGISTRY.test(named) || named === "") {
    fail("it names no repository", "write registry/repository:tag");
  }
  const name = colon < 0 ? named : named.slice(0, colon);
  if (/^[0-9a-f]{64}$/.test(bare) || isDigest(bare)) {
    const digest = isDigest(bare) ? bare : `sha256:${bare}`;
    fail("a digest alone names no repository", `write registry/repository@${digest}`);
  }
  return {
    ...parseName(name, fail),
    ...(colon < 0 ? {} : { tag: checkTag(named.slice(colon + 1), fail) }),
    ...(at < 0 ? {} : { digest: checkDigest(bare.slice(at + 1), fail) }),
  };
}

/**
 * Reads a reference that has to be a repository alone.
 *
 * @throws {ParseError} also if there is a tag or a digest
 */
export function parseRepository(text: string): Reference {
  const reference = parseReference(text);
  const { tag, digest } = reference;
  if (tag === undefined && digest === undefined) return reference;
  const extra = tag === undefined ? "digest" : "tag";
  return refuser(text)(
    `it has a ${extra}, want a repository alone`,
    `write ${reference.registry}/${reference.repository}`,
  );
}

/** Whether the text can stand as a repository's path within a registry: `library/alpine`. */
export function isRepositoryPath(text: string): boolean {
  return text.length <= MAX_REPOSITORY_LENGTH && REPOSITORY.test(text);
}

/** Whether the text can stand as a tag. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

/**
 * Reads the name of a registry alone, in its one spelling: `index.docker.io` gives docker.io.
 *
 * @throws {ParseError} also for a lone word, which in a reference would be a repository of Docker Hub
 */
export function parseRegistry(text: string): string {
  const fail = refuser(text);
  refuseOddCharacters(text, fail);
  if (text.includes("/")) fail("it is more than a registry", `write ${text.split("/")[0]}`);
  if (!isRegistryComponent(text)) {
    fail("it is no registry", "write a host name with a dot, or with a port");
  }
  const registry = checkRegistry(text, fail);
  return DOCKER_HUB_NAMES.includes(registry) ? DOCKER_HUB : registry;
}

/** Adds `latest` if there is neither a tag nor a digest. */
export function withDefaultTag(reference: Reference): Reference {
  if (reference.tag !== undefined || reference.digest !== undefined) return reference;
  return { ...reference, tag: "latest" };
}

/** Writes a reference in full and without `docker://`: `docker.io/library/alpine:3.20@sha256:…`. */
export function formatReference(reference: Reference): string {
  const { registry, repository, tag, digest } = reference;
  return `${registry}/${repository}` + (tag === undefined ? "" : `:${tag}`) +
    (digest === undefined ? "" : `@${digest}`);
}

/** The host, with port if any, that answers for a registry: docker.io has its API elsewhere. */
export function registryEndpointHost(registry: string): string {
  return registry === DOCKER_HUB ? DOCKER_HUB_ENDPOINT : registry;
}

/** Whether the registry is this machine: localhost and names beneath it, 127.0.0.0/8 and ::1, with or without a port. */
export function isLoopbackRegistry(registry: string): boolean {
  const host = registry.toLowerCase().replace(/:[0-9]+$/, "");
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" ||
    /^127(?:\.[0-9]{1,3}){3}$/.test(host) || /^\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\]$/.test(host);
}

/** Whether both name the same repository of the same registry, whatever tag or digest. */
export function equalRepositories(a: Reference, b: Reference): boolean {
  return a.registry === b.registry && a.repository === b.repository;
}

function refuser(text: string): Refuse {
  return (fault, hint): never => {
    const message = `parse reference ${quote(redactCredentials(text))}: ${fault}`;
    throw new ParseError(message, hint === undefined ? {} : { hint });
  };
}

function refuseOddCharacters(text: string, fail: Refuse): void {
  if (text === "") fail("it is empty", "write registry/repository:tag");
  if (/\s/.test(text)) fail("it holds white space");
  if (/[^\x21-\x7e]/.test(text)) fail("it holds a character that is not printable ASCII");
}

function parseName(name: string, fail: Refuse): { registry: string; repository: string } {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  if (slash === 0) fail("it begins with a slash", "write registry/repository:tag");
  if (!isRegistryComponent(first)) {
    const repository = checkRepository(name, fail);
    return { registry: DOCKER_HUB, repository: slash < 0 ? `library/${repository}` : repository };
  }
  const registry = checkRegistry(first, fail);
  const repository = checkRepository(name.slice(slash + 1), fail);
  if (!DOCKER_HUB_NAMES.includes(registry)) return { registry, repository };
  return {
    registry: DOCKER_HUB,
    repository: repository.includes("/") ? repository : `library/${repository}`,
  };
}

/** Whether the component before the first slash is a registry, and not the first of a repository on Docker Hub. */
function isRegistryComponent(text: string): boolean {
  return /[.:A-Z]/.test(text) || text === "localhost";
}

function checkRegistry(text: string, fail: Refuse): string {
  const lower = text.toLowerCase();
  const { host, port } = REGISTRY.exec(lower)?.groups ?? {};
  if (host === undefined) {
    return fail(
      `${quote(text)} is no registry, want a host name or address and an optional port`,
    );
  }
  if (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65535)) {
    fail(`port ${quote(port)} is out of range, want 1 to 65535`);
  }
  // The URL parser is what will read the host in the end: what it takes for another address, such as 127.1 or
  // 2130706433, would slip past every check of names.
  const url = `http://${host}/`;
  const parsed = URL.canParse(url) ? new URL(url).hostname : undefined;
  if (parsed === undefined) return fail(`${quote(host)} is no valid host name or address`);
  if (parsed !== host && !host.startsWith("[")) {
    fail(`${quote(host)} is another spelling of ${parsed}`, `write ${parsed}`);
  }
  if (port !== undefined) return `${parsed}:${Number(port)}`;
  // `Foo/bar` names the host foo only as long as it is written with a capital: foo/bar is a repository of Docker Hub.
  return isRegistryComponent(parsed) ? parsed : text;
}

function checkRepository(text: string, fail: Refuse): string {
  if (text === "") fail("it names no repository", "write registry/repository:tag");
  if (text.length > MAX_REPOSITORY_LENGTH) {
    fail(
      `its repository has ${text.length} characters, want at most ${MAX_REPOSITORY_LENGTH}`,
    );
  }
  if (REPOSITORY.test(text)) return text;
  if (/[A-Z]/.test(text)) {
    fail("its repository has upper-case letters", `write ${text.toLowerCase()}`);
  }
  if (text.split("/").includes("")) fail("its repository has an empty component");
  return fail(
    "its repository is malformed, want components of a-z and 0-9, joined within by one . or _, by __ or by dashes",
  );
}

function checkTag(tag: string, fail: Refuse): string {
  if (TAG.test(tag)) return tag;
  if (tag === "") fail("its tag is empty", "write a tag after the colon, or leave the colon out");
  if (tag.length > 128) fail(`its tag has ${tag.length} characters, want at most 128`);
  return fail(`its tag ${quote(tag)} is malformed, want letters, digits and _ . - after the first`);
}

function checkDigest(text: string, fail: Refuse): Digest {
  if (isDigest(text)) return text;
  return fail(`its digest is malformed: ${findDigestFault(text)}`);
}
