/** Converts an event into a reference with the names that the rules use. */
import { ParseError } from "../../errors.ts";
import { equalRepositories, parseReference, parseRepository } from "../../oci/reference.ts";
import type { Reference } from "../../oci/reference.ts";
import type { PushEvent } from "./event.ts";

/**
 * Checks the place of a hook, the source of its events: `registry[/prefix]`, as in rules. `{store}` is replaced by the sender's name
 * of the repository store, which Nexus and Artifactory put into the host or the path, depending on their configuration:
 *
 * ```text
 * ghcr.io                       docker.io
 * nexus.example:8082            a repository of Nexus with its own port
 * nexus.example/{store}         Nexus with routing by path
 * acme.jfrog.io/{store}         Artifactory with the repository in the path
 * {store}.acme.jfrog.io         Artifactory with the repository in the host
 * acme.jfrog.io/docker-virtual  a virtual repository in front of the one pushed to
 * ```
 *
 * @throws ParseError
 */
export function parsePlace(text: string): string {
  const { registry } = parseRepository(`${text.replaceAll("{store}", "store")}/x`);
  const isNamed = registry !== "docker.io" ||
    /^(?:index\.|registry-1\.)?docker\.io(?:\/|$)/.test(text);
  if (isNamed) return text;
  throw new ParseError(`${JSON.stringify(text)} names no registry`, {
    hint: "write a host name with a dot or a port, such as docker.io or registry.example:5000",
  });
}

/**
 * Finds the reference of an event: `registry/repository[:tag]`, to be resolved again. The registry is always that of the place.
 *
 * @param place checked by {@linkcode parsePlace}
 * @returns `undefined` if the event names another registry
 */
export function locateEvent(event: PushEvent, place: string): Reference | undefined {
  const tag = event.tag === undefined ? "" : `:${event.tag}`;
  const where = place.replaceAll("{store}", event.store ?? "");
  const about = tryParse(`${where}/${event.repository}${tag}`);
  if (event.registry === undefined) return about;
  return about && tryParse(`${event.registry}/x`)?.registry === about.registry ? about : undefined;
}

/**
 * Whether the reference of an event belongs to a source: a registry (`ghcr.io`), a repository, or an image. The tag of an image must
 * be the event's tag, if it has one. An image by digest never changes, but it may get referrers: an event of a digest concerns all
 * images of the repository.
 *
 * @throws ParseError for a malformed source
 */
export function concerns(about: Reference, source: string): boolean {
  if (!source.includes("/")) return parseRepository(`${source}/x`).registry === about.registry;
  const wanted = parseReference(source);
  if (!equalRepositories(wanted, about)) return false;
  if (about.digest !== undefined) return true;
  if (wanted.digest !== undefined) return false;
  return wanted.tag === undefined || about.tag === undefined || wanted.tag === about.tag;
}

function tryParse(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}
