/**
 * Lists and records the referrers of a manifest, by the referrers API or else by the index under the fallback tag.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers and #referrers-tag-schema
 */
import * as z from "zod";
import { withBudget } from "../byte_budget.ts";
import type { CallOptions, ManifestContent, ReferrersOptions } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import { parseDescriptor } from "../oci/descriptor.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestBytes } from "../oci/digest.ts";
import type { Digest } from "../oci/digest.ts";
import { MAX_INDEX_WIDTH, parseManifest, referrersTag } from "../oci/manifest.ts";
import { isIndexMediaType, OCI_INDEX } from "../oci/media_types.ts";
import { incompleteList, nextLink } from "./link_header.ts";
import { fetchManifest, putManifest } from "./manifests.ts";
import { readJson } from "./read_json.ts";
import { RegistryError } from "./registry_error.ts";
import type { RepositoryContext, RepositoryRequest } from "./repository_context.ts";

/** Limits a list whose `Link` is circular over empty pages. */
const MAX_PAGES = 1000;

/** Statuses of registries without the API: 404 by the spec, the others observed. */
const NO_API = [404, 400, 403, 405, 501];

/** Each descriptor is parsed separately, as in a manifest. */
const indexSchema = z.object({
  manifests: z.array(z.unknown(), "the response has no list of referrers"),
});

/** Lists the referrers of `subject`. Empty if there are none, or if the subject does not exist. */
export async function listReferrers(
  context: RepositoryContext,
  subject: Digest,
  options: ReferrersOptions,
): Promise<Descriptor[]> {
  if (!options.budget) {
    return await withBudget(`list referrers of ${context.name}`, context.client, (budget) => {
      return listReferrers(context, subject, { ...options, budget });
    });
  }
  const referrers = await askApi(context, subject, options);
  const hasTag = await options.hasTag?.(referrersTag(subject));
  const mayHaveMore = referrers ? hasTag === true : hasTag !== false;
  if (!mayHaveMore) return referrers ?? [];
  try {
    const index = await fetchFallback(context, subject, options);
    const tagged = index ? parseFallback(index, subject) : [];
    return referrers ? [...referrers, ...selectMissing(tagged, referrers)] : tagged;
  } catch (error) {
    warnAboutGap(context, error, options);
    return referrers ?? [];
  }
}

/** Asks the referrers API, unless the registry is known to lack it. With `warn`, an error counts as no answer. */
async function askApi(
  context: RepositoryContext,
  subject: Digest,
  options: ReferrersOptions,
): Promise<Descriptor[] | undefined> {
  const { memory } = context.client;
  if (memory.referrersApi === false) return undefined;
  try {
    const referrers = await fetchFromApi(context, subject, options);
    memory.referrersApi = referrers !== undefined;
    return referrers;
  } catch (error) {
    warnAboutGap(context, error, options);
    return undefined;
  }
}

/**
 * Warns that referrers may be missing.
 *
 * @throws the error itself without `warn`, and if it must end the copy: an abort, a limit of crossdock, a rate limit
 * or a rejected credential of the registry
 */
function warnAboutGap(
  { client, name }: RepositoryContext,
  error: unknown,
  { warn, signal }: ReferrersOptions,
): void {
  signal?.throwIfAborted();
  if (
    !warn || !(error instanceof CrossdockError) || error.code === "aborted" ||
    error.code === "limit" ||
    ["rate_limited", "unauthorized"].includes(error.code) && !isForeignAnswer(client, error)
  ) throw error;
  warn(`${error.message}; referrers of ${name}, such as signatures, may be missing in the copy`);
}

/** Whether another host answered, after a redirect. */
function isForeignAnswer(
  client: RepositoryContext["client"],
  error: unknown,
): boolean {
  return error instanceof RegistryError && new URL(error.url).origin !== client.resolve("/").origin;
}

/**
 * Adds referrers to the fallback index of a registry that does not maintain the list. A registry that does sends
 * `OCI-Subject` when a referrer is put; else its API must list all of them. Everything else in the index stays unchanged.
 *
 * @returns whether the index was written
 */
export async function recordReferrers(
  context: RepositoryContext,
  subject: Digest,
  referrers: readonly Descriptor[],
  options: CallOptions,
): Promise<boolean> {
  const { memory } = context.client;
  if (memory.recordsSubjects) return false;
  // An unanswered question is no error here: the fallback index does no harm beside the API.
  const listed = await askApi(context, subject, { ...options, warn: () => {} });
  if (listed && selectMissing(referrers, listed).length === 0) {
    memory.recordsSubjects = true;
    return false;
  }
  const present = await fetchFallback(context, subject, options);
  const missing = selectMissing(referrers, present ? parseFallback(present, subject) : []);
  if (missing.length === 0) return false;
  const json = present ? JSON.parse(new TextDecoder().decode(present.bytes)) : {};
  const manifests = [...json.manifests ?? [], ...missing];
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, ...json, manifests };
  // The cast: the types of Workers do not exclude shared memory.
  const bytes = new TextEncoder().encode(JSON.stringify(index)) as Uint8Array<ArrayBuffer>;
  const mediaType = present?.mediaType ?? OCI_INDEX;
  const content = { bytes, mediaType, digest: await digestBytes(bytes) };
  await putManifest(context, content, { ...options, tag: referrersTag(subject) });
  return true;
}

function selectMissing(
  referrers: readonly Descriptor[],
  present: readonly Descriptor[],
): Descriptor[] {
  const known = new Set(present.map(({ digest }) => digest));
  return referrers.filter(({ digest }) => !known.has(digest));
}

/** @returns `undefined` if the registry has no referrers API */
async function fetchFromApi(
  context: RepositoryContext,
  subject: Digest,
  options: ReferrersOptions,
): Promise<Descriptor[] | undefined> {
  const { client, path, name, read } = context;
  const { signal } = options;
  const what = `list referrers of ${name}@${subject}`;
  const found: Descriptor[] = [];
  let target: URL | undefined = client.resolve(path(`referrers/${subject}`));
  for (let page = 1; target; page++) {
    const request: RepositoryRequest & { target: URL } = {
      method: "GET",
      target,
      what,
      headers: { accept: OCI_INDEX },
      accept: [200, ...NO_API],
      // Another host, such as a website, does not have the list, however often it is asked.
      mayRepeat: (error: unknown) => !isForeignAnswer(client, error),
      signal,
    };
    const { manifests, next }: Page = await read(request, async (response): Promise<Page> => {
      const manifests = await readManifests(context, response, what, options);
      if (manifests === undefined && page > 1) {
        throw incompleteList(request.target, `page ${page} of the referrers is missing`);
      }
      const isEmpty = manifests?.length === 0;
      const link = response.headers.get("link");
      return { manifests, next: manifests && nextLink(link, request.target, { isEmpty }) };
    });
    if (manifests === undefined) return undefined;
    found.push(...manifests.map((entry, i) => parseDescriptor(entry, `manifests[${i}]`)));
    if (found.length > MAX_INDEX_WIDTH || next && page === MAX_PAGES) {
      throw new CrossdockError(
        "limit",
        `${what}: there are more than ${MAX_INDEX_WIDTH} referrers or ${MAX_PAGES} pages`,
        {
          side: client.side,
        },
      );
    }
    target = next;
  }
  return found;
}

interface Page {
  /** `undefined` if the registry has no referrers API. */
  readonly manifests: unknown[] | undefined;
  readonly next: URL | undefined;
}

/** A 200 without an index, such as a web page, comes from a registry that does not know the path: returns `undefined`. */
async function readManifests(
  context: RepositoryContext,
  response: Response,
  what: string,
  options: ReferrersOptions,
): Promise<unknown[] | undefined> {
  if (response.status !== 200) {
    await response.body?.cancel();
    return undefined;
  }
  try {
    return (await readJson(context, response, what, indexSchema, options.budget)).manifests;
  } catch (error) {
    if (!(error instanceof CrossdockError) || error.code !== "registry") throw error;
    if (options.warn) warnAboutGap(context, error, options);
    return undefined;
  }
}

/**
 * Fetches the index under the fallback tag. GitLab has been seen to resolve that tag to the subject itself, so the manifest is used
 * only if it is an index other than the subject.
 */
async function fetchFallback(
  context: RepositoryContext,
  subject: Digest,
  { signal, budget }: Pick<ReferrersOptions, "signal" | "budget">,
): Promise<ManifestContent | undefined> {
  const content = await fetchManifest(context, referrersTag(subject), { signal, budget });
  if (!content || content.digest === subject || !isIndexMediaType(content.mediaType)) {
    return undefined;
  }
  return content;
}

function parseFallback({ bytes, mediaType }: ManifestContent, subject: Digest): Descriptor[] {
  const manifest = parseManifest(bytes, mediaType);
  const entries = manifest.kind === "index" ? manifest.manifests : [];
  return entries.filter(({ digest }) => digest !== subject);
}
