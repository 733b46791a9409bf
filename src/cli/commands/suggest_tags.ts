/** Names similar tags if the tag of an image is not found. */
import type { Engine } from "../../engine.ts";
import { CrossdockError } from "../../errors.ts";
import { formatReference, isLocal } from "../../oci/reference.ts";
import type { Reference } from "../../oci/reference.ts";
import { suggestSimilar } from "../../suggest.ts";

const MAX_TAGS = 3;
/** The user waits for the error, and the suggestion only helps to read it. */
const MAX_WAIT_MS = 5000;

/**
 * Runs a call about an image. If its tag is not found, one more request reads the first page of tags, for the hint.
 *
 * @throws the call's error
 */
export async function suggestTags<Result>(
  call: Promise<Result>,
  engine: Pick<Engine, "tags">,
  reference: Reference,
  signal: AbortSignal | undefined,
): Promise<Result> {
  try {
    return await call;
  } catch (error) {
    if (!isTagMissing(error, reference)) throw error;
    const tags = await readFirstPage(engine, reference, signal);
    if (tags === undefined) throw error;
    const { code, message, side } = error;
    throw new CrossdockError(code, message, { cause: error, side, hint: toHint(reference, tags) });
  }
}

/** Other parts of an image may be missing as well, so the message decides. */
function isTagMissing(error: unknown, reference: Reference): error is CrossdockError {
  return error instanceof CrossdockError && error.code === "not_found" &&
    error.message === `${formatReference(reference)} not found` &&
    reference.tag !== undefined && reference.digest === undefined && !isLocal(reference);
}

/** Returns undefined if it cannot be read: the first error is the one to report. */
async function readFirstPage(
  engine: Pick<Engine, "tags">,
  { registry, repository }: Reference,
  signal: AbortSignal | undefined,
): Promise<readonly string[] | undefined> {
  const timeout = AbortSignal.timeout(MAX_WAIT_MS);
  try {
    const options = { signal: signal ? AbortSignal.any([signal, timeout]) : timeout };
    for await (const page of engine.tags(`${registry}/${repository}`, options)) return page;
    return [];
  } catch {
    return undefined;
  }
}

function toHint({ tag = "" }: Reference, tags: readonly string[]): string {
  const similar = suggestSimilar(tag, tags, MAX_TAGS);
  if (similar.length > 0) return `did you mean the tag ${listWords(similar)}?`;
  return tags.length === 0
    ? "the repository has no tags"
    : `check the tag; the repository has others, such as ${tags.slice(-MAX_TAGS).join(", ")}`;
}

function listWords(words: readonly string[]): string {
  return words.length === 1 ? `${words[0]}` : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
