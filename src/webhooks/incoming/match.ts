/** From an event to what it is about, in the terms of the one who configured the hook. */
import { ParseError } from "../../errors.ts";
import { equalRepositories, parseReference, parseRepository } from "../../oci/reference.ts";
import type { Reference } from "../../oci/reference.ts";
import type { PushEvent } from "./event.ts";

/**
 * Where a hook's events are from: `registry[/prefix]`, as rules name it. `{store}` stands for the sender's own name of its
 * repository, which Nexus and Artifactory put into the host or the path as they are configured:
 *
 * ```text
 * ghcr.io                       docker.io
 * nexus.example:8082            a repository of Nexus with a port of its own
 * nexus.example/{store}         Nexus with routing by path
 * acme.jfrog.io/{store}         Artifactory with the repository in the path
 * {store}.acme.jfrog.io         Artifactory with the repository in the host
 * acme.jfrog.io/docker-virtual  what was pushed to a repository behind a virtual one
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
 * What an event is about: `registry/repository[:tag]`, to be resolved again. The registry is the place's and never the
 * payload's: an event that names another one is about nothing.
 *
 * @param place as {@linkcode parsePlace} takes it
 */
export function locateEvent(event: PushEvent, place: string): Reference | undefined {
  const tag = event.tag === undefined ? "" : `:${event.tag}`;
  const where = place.replaceAll("{store}", event.store ?? "");
  const about = tryParse(`${where}/${event.repository}${tag}`);
  if (event.registry === undefined) return about;
  return about && tryParse(`${event.registry}/x`)?.registry === about.registry ? about : undefined;
}

/**
 * Whether what an event is about is, or may be, a copy's source: a registry (`ghcr.io`), a repository, or an image, whose tag
 * has to be the same where the event has one. An image by digest never changes.
 *
 * @throws ParseError for a source that is none
 */
export function concerns(about: Reference, source: string): boolean {
  if (!source.includes("/")) return parseRepository(`${source}/x`).registry === about.registry;
  const wanted = parseReference(source);
  if (wanted.digest !== undefined || !equalRepositories(wanted, about)) return false;
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
