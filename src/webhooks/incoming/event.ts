/** What every sender's payload comes down to. */
import type { Digest } from "../../oci/digest.ts";
import { isDigest } from "../../oci/digest.ts";
import { isRepositoryPath, isTag } from "../../oci/reference.ts";
import { WebhookError } from "./webhook_error.ts";

/**
 * A tag was pushed, or so it is said: a hint where to look. Whoever acts on it asks the registry. Plain JSON.
 */
export interface PushEvent {
  /** Where the sender says that its registry is; only where it knows that from its own configuration. */
  readonly registry?: string;
  /** Which of its stores the sender means, where one server has several under names that it maps itself: Nexus, Artifactory. */
  readonly store?: string;
  /** As the registry names it: `library/alpine`. */
  readonly repository: string;
  /** Without one, anything in the repository may have changed. */
  readonly tag?: string;
  /** What the tag means now. It tells a duplicate from a second push and is never copied by. */
  readonly digest?: Digest;
  /** The same in every delivery of one event. */
  readonly id?: string;
}

/** The members of an event as a payload has them, none checked yet. */
export interface PushFields {
  readonly registry?: string | undefined;
  readonly store?: string | undefined;
  readonly repository: string;
  readonly tag?: string | null | undefined;
  readonly digest?: string | null | undefined;
  readonly id?: string | null | undefined;
}

/** A name of a Nexus or Artifactory repository. Without `/` and `:`, for it may become part of a host name. */
const STORE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;

/** The longest identifiers seen are UUIDs with a prefix. */
const MAX_ID_LENGTH = 200;

/**
 * Checks the members of an event. What can do without is left out if it cannot be used: a digest that is none, an endless
 * identifier.
 *
 * @throws WebhookError `usage` naming the member and not quoting it
 */
export function toPushEvent(fields: PushFields): PushEvent {
  const { registry, store, repository, digest, id } = fields;
  const tag = tagOf(fields);
  if (!isRepositoryPath(repository)) throw malformed("repository is not the name of one");
  if (tag !== undefined && !isTag(tag)) throw malformed("tag is not a tag");
  if (store !== undefined && !STORE.test(store)) throw malformed("store is not the name of one");
  return {
    ...(registry ? { registry } : {}),
    ...(store === undefined ? {} : { store }),
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest && isDigest(digest) ? { digest } : {}),
    ...(id && id.length <= MAX_ID_LENGTH ? { id } : {}),
  };
}

/** The tag. Harbor, Gitea, Nexus and Artifactory write the digest in its place when there is none. */
export function tagOf({ tag }: Pick<PushFields, "tag">): string | undefined {
  return !tag || isDigest(tag) ? undefined : tag;
}

function malformed(what: string): WebhookError {
  return new WebhookError("usage", `read event: its ${what}`);
}
