/**
 * Lists and records the referrers of a manifest, by the referrers API or else by the index under the fallback tag.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers and #referrers-tag-schema
 */
import * as z from "zod";
import { ByteBudget } from "../byte_budget.ts";
import type { CallOptions, ReferrersOptions } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import { parseDescriptor } from "../oci/descriptor.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestBytes } from "../oci/digest.ts";
import type { Digest } from "../oci/digest.ts";
import { MAX_INDEX_WIDTH, parseManifest, referrersTag } from "../oci/manifest.ts";
import { OCI_INDEX } from "../oci/media_types.ts";
import { incompleteList, nextLink } from "./link_header.ts";
import { fetchManifest, putManifest } from "./manifests.ts";
import { readJson } from "./read_json.ts";
import type { RepositoryContext, RepositoryRequest } from "./repository_context.ts";

/** Limits a list whose `Link` is circular over empty pages. */
const MAX_PAGES = 1000;

/** Statuses of registries without the API: 404 by the spec, the others observed. */
const NO_API = [404, 400, 403, 405, 501];

/** Each descriptor is parsed separately, as in a manifest. */
const indexSchema = z.object({ manifests: z.array(z.unknown()) });

/** Lists the referrers of `subject`. Empty if there are none, or if the subject does not exist. */
export async function listReferrers(
  context: RepositoryContext,
  subject: Digest,
  { budget, ...rest }: ReferrersOptions,
): Promise<Descriptor[]> {
  const { name, client: { side } } = context;
  const options = {
    ...rest,
    budget: budget ?? new ByteBudget(`list referrers of ${name}`, { side }),
  };
  if (context.client.memory.referrersApi !== false) {
    const referrers = await fetchFromApi(context, subject, options);
    context.client.memory.referrersApi = referrers !== undefined;
    if (referrers) return referrers;
  }
  if (options.hasTag && !(await options.hasTag(referrersTag(subject)))) return [];
  return await readFallback(context, subject, options) ?? [];
}

/**
 * Adds referrers to the fallback index of a registry without the API. Existing entries stay unchanged.
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
  memory.referrersApi ??= await fetchFromApi(context, subject, options) !== undefined;
  if (memory.referrersApi) return false;
  const present = await readFallback(context, subject, options) ?? [];
  const known = new Set(present.map((descriptor) => descriptor.digest));
  const missing = referrers.filter((descriptor) => !known.has(descriptor.digest));
  if (missing.length === 0) return false;
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [...present, ...missing] };
  // The cast: the types of Workers do not exclude shared memory.
  const bytes = new TextEncoder().encode(JSON.stringify(index)) as Uint8Array<ArrayBuffer>;
  const content = { bytes, mediaType: OCI_INDEX, digest: await digestBytes(bytes) };
  await putManifest(context, content, { ...options, tag: referrersTag(subject) });
  return true;
}

/** @returns `undefined` if the registry has no referrers API */
async function fetchFromApi(
  context: RepositoryContext,
  subject: Digest,
  { signal, budget }: Pick<ReferrersOptions, "signal" | "budget">,
): Promise<Descriptor[] | undefined> {
  const { client, path, name, read } = context;
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
      signal,
    };
    const { manifests, next }: Page = await read(request, async (response): Promise<Page> => {
      const manifests = await readManifests(context, response, what, budget);
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
  budget: ByteBudget | undefined,
): Promise<unknown[] | undefined> {
  if (response.status !== 200) {
    await response.body?.cancel();
    return undefined;
  }
  try {
    return (await readJson(context, response, what, indexSchema, budget)).manifests;
  } catch (error) {
    if (error instanceof CrossdockError && error.code === "registry") return undefined;
    throw error;
  }
}

/**
 * Reads the entries under the fallback tag. GitLab has been seen to resolve that tag to the subject itself, so the manifest is
 * used only if it is an index other than the subject.
 */
async function readFallback(
  context: RepositoryContext,
  subject: Digest,
  { signal, budget }: Pick<ReferrersOptions, "signal" | "budget">,
): Promise<Descriptor[] | undefined> {
  const content = await fetchManifest(context, referrersTag(subject), { signal });
  if (!content || content.digest === subject) return undefined;
  budget?.takeJson(content.bytes);
  const manifest = parseManifest(content.bytes, content.mediaType);
  if (manifest.kind !== "index") return undefined;
  return manifest.manifests.filter((descriptor) => descriptor.digest !== subject);
}
