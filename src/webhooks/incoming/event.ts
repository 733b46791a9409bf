/** The event that the payload of each sender is converted to. */
import type { Digest } from "../../oci/digest.ts";
import { isDigest } from "../../oci/digest.ts";
import { isRepositoryPath, isTag } from "../../oci/reference.ts";
import { WebhookError } from "./webhook_error.ts";

/**
 * A push of a tag or of a manifest by digest, according to the sender. It is only a hint: the source is resolved again before a
 * copy. Plain JSON.
 */
export interface PushEvent {
  /** The host of the sender's registry; only from senders that take it from their own configuration. */
  readonly registry?: string;
  /** The sender's name of the repository store, from Nexus and Artifactory: one server has several, and maps them to hosts or paths. */
  readonly store?: string;
  /** The path in the registry: `library/alpine`. */
  readonly repository: string;
  /** Absent for a push by digest, and if there is no digest either: any tag of the repository may have changed. */
  readonly tag?: string;
  /**
   * The digest that was pushed. With a tag, it only distinguishes a duplicate from a second push. Without one, the manifest may be a
   * referrer, whose `subject` leads to an image.
   */
  readonly digest?: Digest;
  /** The same in every delivery of one event. */
  readonly id?: string;
}

/** The unchecked members of an event, from a payload. */
export interface PushFields {
  readonly registry?: string | undefined;
  readonly store?: string | undefined;
  readonly repository: string;
  readonly tag?: string | null | undefined;
  readonly digest?: string | null | undefined;
  readonly id?: string | null | undefined;
}

/** A name of a Nexus or Artifactory repository. Without `/` and `:`, because it may become part of a host name. */
const STORE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;

/** The longest identifiers seen are UUIDs with a prefix. */
const MAX_ID_LENGTH = 200;

/**
 * Checks the members of an event. Optional members that are invalid are left out: a malformed digest, a very long identifier.
 *
 * @throws WebhookError `usage` with the name of the member, without its value
 */
export function toPushEvent(fields: PushFields): PushEvent {
  const { registry, store, repository, id } = fields;
  const tag = tagOf(fields);
  const digest = digestOf(fields);
  if (!isRepositoryPath(repository)) throw malformed("repository is not a valid name");
  if (tag !== undefined && !isTag(tag)) throw malformed("tag is not a valid tag");
  if (store !== undefined && !STORE.test(store)) throw malformed("store is not a valid name");
  return {
    ...(registry ? { registry } : {}),
    ...(store === undefined ? {} : { store }),
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
    ...(id && id.length <= MAX_ID_LENGTH ? { id } : {}),
  };
}

/** The tag; `undefined` if there is none. Harbor, Gitea, Nexus and Artifactory then have the digest in its place. */
function tagOf({ tag }: Pick<PushFields, "tag">): string | undefined {
  return !tag || isDigest(tag) ? undefined : tag;
}

function digestOf({ tag, digest }: Pick<PushFields, "tag" | "digest">): Digest | undefined {
  return [digest, tag].find((text): text is Digest => typeof text === "string" && isDigest(text));
}

/** Whether an event names what was pushed. */
export function namesPush(fields: Pick<PushFields, "tag" | "digest">): boolean {
  return tagOf(fields) !== undefined || digestOf(fields) !== undefined;
}

function malformed(what: string): WebhookError {
  return new WebhookError("usage", `read event: its ${what}`);
}
